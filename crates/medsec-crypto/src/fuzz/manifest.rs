//! Manifests, what is remembered of them, and what they are compared with.

use std::sync::OnceLock;

use crate::fuzz::input::Input;
use crate::manifest::signed_message;
use crate::{
    Finding, Found, FoundPackage, HeaderHash, Manifest, ManifestEntry, MerkleRoot, PackageId,
    PackageName, SeenManifest, SigningKey, Timestamp, VerifyingKey,
};

/// The input as a manifest, as the text of one that its signer signed, as edits of genuine ones, as what
/// is remembered of one, and as what stands in a folder. What parses is exactly what would be written,
/// nothing that nobody signed parses, and every listed and every found name is accounted for.
pub fn manifest(data: &[u8]) {
    if let Ok(manifest) = Manifest::parse(data, &signers()) {
        assert_eq!(manifest.render().as_bytes(), data, "another text");
        assert!(originals().iter().any(|original| original == data), "nobody signed it");
    }
    if let Ok(seen) = SeenManifest::parse(data) {
        assert_eq!(seen.render().as_bytes(), data, "another text");
    }
    let (selector, data) = data.split_first().unwrap_or((&0, &[]));
    match selector & 3 {
        0 => signed_text(data),
        1 => edited(*selector >> 2, data),
        2 => compared(&mut Input::new(data)),
        _ => signed_text(&[&head(1, usize::from(selector >> 2))[..], data].concat()),
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::take_from(&mut [number; 32]).unwrap()
}

fn signers() -> [VerifyingKey; 2] {
    [key(9).verifying_key(), key(8).verifying_key()]
}

/// `body` with the signature of key 9.
fn signed(body: &[u8]) -> Vec<u8> {
    let signature = hex(&key(9).sign(&signed_message(body)));
    [body, b"signature: ", signature.as_bytes(), b"\n"].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The head of a manifest of this version that lists so many packages.
fn head(version: u64, packages: usize) -> Vec<u8> {
    let previous = if version == 1 { "00" } else { "ab" }.repeat(32);
    let (id, signer) = ("0d".repeat(16), key(9).verifying_key());
    format!(
        "medsec manifest v1\nid: {id}\nversion: {version}\nprevious: {previous}\n\
         created: 1800000000\nsigner: {signer}\npackages: {packages}\n"
    )
    .into_bytes()
}

/// The line of package `number` under `name`.
fn line(number: u8, name: &str) -> Vec<u8> {
    let [id, root, hash] = [16, 32, 64].map(|len| hex(&vec![number; len]));
    format!("{id} {} {root} {hash} {name}\n", 72 + u64::from(number)).into_bytes()
}

fn listed(number: u8) -> String {
    format!("{}/{number}.msp", ["ct", "mr"][usize::from(number & 1)])
}

/// Genuine manifests of no package, of one, and of six.
fn originals() -> &'static [Vec<u8>] {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let lines = |numbers: &[u8]| -> Vec<u8> {
            numbers.iter().flat_map(|number| line(*number, &listed(*number))).collect()
        };
        [(1, &[][..]), (1, &[1]), (7, &[0, 2, 4, 1, 3, 5])]
            .map(|(version, numbers)| {
                signed(&[head(version, numbers.len()), lines(numbers)].concat())
            })
            .to_vec()
    })
}

/// A text that was signed as it is, as a faulty writer might.
fn signed_text(body: &[u8]) {
    let file = signed(body);
    let Ok(manifest) = Manifest::parse(&file, &signers()) else {
        return;
    };
    assert_eq!(manifest.render().as_bytes(), file, "another text");
    assert!(manifest.entries().is_sorted_by(|a, b| a.name < b.name));
    let entries = manifest.entries().to_vec();
    let next = Manifest::sign(Some(&manifest), entries, manifest.created(), &key(8));
    if let Ok(next) = next {
        let again = Manifest::parse(next.render().as_bytes(), &signers()).unwrap();
        assert_eq!(again.entries(), manifest.entries());
        assert_eq!(again.follows(&manifest.seen()), Ok(()));
        assert!(manifest.follows(&again.seen()).is_err());
    }
}

/// Each edit is a place from the start or the end, how many bytes go, how many come, and these.
fn edited(which: u8, data: &[u8]) {
    let original = &originals()[usize::from(which) % originals().len()];
    let mut text = original.clone();
    let mut input = Input::new(data);
    while !input.is_empty() {
        let place = input.below(text.len() + 1);
        let end = (place + usize::from(input.u8())).min(text.len());
        text.splice(place..end, input.bytes(32).iter().copied());
    }
    let parsed = Manifest::parse(&text, &signers());
    assert_eq!(parsed.is_ok(), text == *original, "an edit passed, or the original did not");
}

/// A folder of any mixture, compared with the last of the originals.
fn compared(input: &mut Input<'_>) {
    let manifest = Manifest::parse(originals().last().unwrap(), &signers()).unwrap();
    let mut names: Vec<String> = (0..6).map(listed).collect();
    names.extend(["ct/9.msp", "x", "y"].map(str::to_owned));
    let mut found: Vec<FoundPackage> = Vec::new();
    for name in &names {
        if input.flag() {
            let state = state(input);
            found.push(FoundPackage { name: PackageName::new(name).unwrap(), state });
        }
    }
    account(&manifest, &found);
}

fn state(input: &mut Input<'_>) -> Found {
    let number = input.u8() % 9;
    let (change, time) = (input.u8(), u64::from(input.u8() & 1));
    match change {
        1 => Found::Damaged,
        2 => Found::NotAPackage,
        _ => Found::Package {
            package_id: PackageId::from_bytes([number; 16]),
            payload_len: 72 + u64::from(number) + u64::from(change == 3),
            root: MerkleRoot::from_bytes([number ^ u8::from(change == 4); 32]),
            header_hash: HeaderHash::from_bytes([number ^ u8::from(change == 5); 64]),
            created_at: Timestamp::from_unix_seconds(1_800_000_000 + time),
            signer: key(if change & 0x40 == 0 { 9 } else { 7 }).verifying_key(),
        },
    }
}

/// Every listed and every found name is accounted for exactly once, and what is as listed is left alone.
fn account(manifest: &Manifest, found: &[FoundPackage]) {
    let comparison = manifest.compare(found.to_vec());
    let findings = &comparison.findings;
    assert!(findings.is_sorted_by(|a, b| a.name() <= b.name()));
    assert_eq!(comparison.is_clean(), findings.is_empty());
    let count = |matches: &dyn Fn(&Finding) -> bool| findings.iter().filter(|f| matches(f)).count();
    let is_as_listed = |package: &&FoundPackage| {
        manifest.entry(&package.name).is_some_and(|entry| is_entry(entry, &package.state))
    };
    for package in found {
        let here = count(&|f| f.name() == &package.name && !matches!(f, Finding::Missing { .. }));
        assert_eq!(here, usize::from(!is_as_listed(&package)), "a found name not once");
    }
    assert_eq!(comparison.intact, found.iter().filter(is_as_listed).count());
    for ManifestEntry { name: listed, .. } in manifest.entries() {
        let blamed = count(&|f| match f {
            Finding::Missing { name }
            | Finding::Altered { name }
            | Finding::Replaced { name, .. }
            | Finding::OtherSigner { name }
            | Finding::Renamed { from: name, .. } => name == listed,
            _ => false,
        });
        let intact = found.iter().any(|package| package.name == *listed && is_as_listed(&package));
        assert_eq!(blamed + usize::from(intact), 1, "a listed name not once");
        assert_eq!(count(&|f| matches!(f, Finding::Foreign { name } if name == listed)), 0);
    }
}

fn is_entry(entry: &ManifestEntry, found: &Found) -> bool {
    matches!(found, Found::Package { package_id, payload_len, root, header_hash, .. }
        if *package_id == entry.package_id && *payload_len == entry.payload_len
            && *root == entry.root && *header_hash == entry.header_hash)
}

/// Originals, their text before the signature, edits and folders.
#[cfg(test)]
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = originals().to_vec();
    for original in originals() {
        let body = &original[..original.len() - 140];
        seeds.push([&[0], body].concat());
        seeds.push([&[3 | 1 << 2][..], &line(3, "a b/c.msp")].concat());
        let seen = Manifest::parse(original, &signers()).unwrap().seen();
        seeds.push(seen.render().into_bytes());
    }
    seeds.push([&[3 | 2 << 2][..], &line(3, "a"), &line(4, "b")].concat());
    seeds.push([&[3 | 2 << 2][..], &line(4, "b"), &line(3, "a")].concat());
    seeds.push([&[3 | 2 << 2][..], &line(3, "a"), &line(3, "b")].concat());
    seeds.push([&[3 | 1 << 2][..], &line(3, "../a")].concat());
    for which in 0..3 {
        seeds.push(vec![1 | which << 2]);
        seeds.push(vec![1 | which << 2, 0, 30, 1, 1, b'x']);
        seeds.push(vec![1 | which << 2, 0, 90, 0, 0, 0, 200, 3, 2, b'0', b'1']);
    }
    // In the order of the names: ct/0, mr/1, ct/2 and so on.
    let package = |number: u8, change: u8| vec![1, number, change, 0];
    let whole: Vec<Vec<u8>> = (0..6).map(|number| package(number, 0)).collect();
    let folder = |changes: &[(usize, Vec<u8>)]| {
        let mut all = whole.clone();
        changes.iter().for_each(|(at, state)| all[*at] = state.clone());
        [&[2], &all.concat()[..]].concat()
    };
    seeds.push(folder(&[]));
    seeds.push(folder(&[(0, vec![0])]));
    seeds.push(folder(&[(0, package(2, 0)), (2, package(0, 0))]));
    seeds.push(folder(&[(0, package(2, 0))]));
    seeds.push(folder(&[(0, package(7, 0)), (1, package(7, 0x40)), (2, package(2, 0x43))]));
    seeds.push(folder(&[(3, package(3, 4)), (4, package(0, 1)), (5, package(0, 2))]));
    seeds.push([folder(&[(1, vec![0])]), package(1, 0), package(1, 0), package(8, 0)].concat());
    seeds
}
