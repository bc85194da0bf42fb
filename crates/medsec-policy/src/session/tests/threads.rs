//! Many threads use a session while it ends.

use super::*;

const THREADS: usize = 8;

/// Uses the session until it is refused; says how often it was used.
fn hammer(scene: &Scene, dead: &std::sync::atomic::AtomicBool) -> u64 {
    let mut uses = 0;
    loop {
        let over = dead.load(Ordering::SeqCst);
        let result = scene.session.with(|_, secret| secret.0.load(Ordering::SeqCst));
        match result {
            Ok(drops) => {
                assert!(!over, "used after the end");
                assert_eq!(drops, 0, "used a secret that was dropped");
                uses += 1;
            }
            Err(_) => return uses,
        }
    }
}

fn run(end: impl Fn(&Scene) + Sync) -> u64 {
    let scene = Scene::new();
    let dead = std::sync::atomic::AtomicBool::new(false);
    let uses = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| hammer(&scene, &dead))).collect();
        std::thread::sleep(Duration::from_millis(5));
        end(&scene);
        dead.store(true, Ordering::SeqCst);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(scene.dropped(), "dropped exactly once");
    uses
}

#[test]
fn no_thread_uses_a_session_that_has_expired() {
    let uses: u64 = (0..20).map(|_| run(|scene| scene.clock.suspend(ABSOLUTE))).sum();
    assert!(uses > 0);
}

#[test]
fn no_thread_uses_a_session_that_was_ended() {
    let uses: u64 =
        (0..20).map(|_| run(|scene| assert!(scene.session.end(EndReason::Revoked)))).sum();
    assert!(uses > 0);
}

#[test]
fn handles_and_tables_go_to_other_threads() {
    const fn shared<T: Send + Sync>() {}
    shared::<Session<Vec<u8>>>();
    shared::<SessionTable<Vec<u8>>>();
}
