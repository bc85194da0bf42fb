//! Where readers begin.

use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{LogTime, StreamReader};

use crate::streams::{Home, NOON, TestClock, opened, options, stream};

const HOUR: u64 = 3_600_000;

fn first(reader: std::io::Result<StreamReader>) -> Option<u64> {
    let batch = reader.unwrap().read().unwrap()?;
    let lines = batch.lines().unwrap();
    lines.records().next().map(|record| record.head.position.seq.get())
}

#[test]
fn a_reader_begins_with_the_segment_that_was_written_at_a_time() {
    let home = Home::new();
    let clock = TestClock::at(NOON);
    let mut options = options();
    options.clock = Arc::<TestClock>::clone(&clock);
    options.segment_age = Duration::from_secs(3600);
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    for hour in 0..10 {
        clock.set(NOON + hour * 2 * HOUR);
        let _ = writer.append(&opened(hour)).unwrap();
    }
    writer.close().unwrap();
    let segments = std::fs::read_dir(home.path().join("log")).unwrap();
    let mut starts: Vec<u64> = segments
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".jsonl").parse().unwrap())
        .collect();
    starts.sort_unstable();
    assert_eq!(starts.len(), 10);
    let since = |millis| {
        let time = LogTime::from_unix_millis(millis).unwrap();
        first(home.log.reader_since(&stream(), time)).unwrap()
    };
    assert_eq!(since(0), 0, "before the log there is only its beginning");
    for (hour, start) in (0..).zip(&starts) {
        // When the segment began, and an hour later.
        let begun = NOON + hour * 2 * HOUR;
        assert_eq!([since(begun), since(begun + HOUR)], [*start; 2]);
    }
    assert_eq!(since(NOON * 2), starts[9]);
}
