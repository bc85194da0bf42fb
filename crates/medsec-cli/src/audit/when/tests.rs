//! What is a time, and which one.

use super::*;

/// 2026-11-03T12:00:00Z, a Tuesday.
const NOON: u64 = 1_793_707_200_000;

fn point_of(text: &str) -> Option<u64> {
    let when: When = text.parse().ok()?;
    Some(when.resolve(at(0), Offset::default()).unix_millis())
}

#[test]
fn times_reject_what_is_none() {
    for bad in [
        "",
        "h",
        "-2h",
        "+2h",
        "2 h",
        "2y",
        "99999999999999999999d",
        "2026-13-01",
        "2026-11-3",
        "2026-11-03T25:00:00Z",
        "2026-11-03T12:00:00+25:00",
        "2026-11-03T12",
        "2026-11-03T12:00:00.Z",
        "2026-11-03T12:00:00.1.2Z",
        "1969-12-31",
        "yesterday",
        "2026-11-03T12:00.5Z\u{e9}",
    ] {
        assert!(bad.parse::<When>().is_err(), "{bad}");
    }
    for bad in ["", "7", "7-7", "24-7", "007-8", "-7", "19-7-8"] {
        assert!(bad.parse::<Hours>().is_err(), "{bad}");
    }
    for bad in ["", "1", "+1", "+15:00", "+14:01", "-12:30", "-13:00", "+01:60", "01:00", "+01:0"] {
        assert!(bad.parse::<Offset>().is_err(), "{bad}");
    }
}

#[test]
fn times_are_understood_in_their_usual_shapes() {
    for good in [
        "2026-11-03T12:00:00Z",
        "2026-11-03T12:00:00.000Z",
        "2026-11-03t13:00:00+01:00",
        "2026-11-03 07:00:00-05:00",
        "2026-11-03T12:00",
        "2026-11-03T12:00:00.0009Z",
    ] {
        assert_eq!(point_of(good), Some(NOON), "{good}");
    }
    assert_eq!(point_of("2026-11-03"), Some(NOON - DAY / 2));
    let now = at(NOON);
    let ago =
        |text: &str| text.parse::<When>().unwrap().resolve(now, Offset::default()).unix_millis();
    assert_eq!(
        [ago("now"), ago("90s"), ago("2h"), ago("7d")],
        [NOON, NOON - 90_000, NOON - 2 * HOUR, NOON - 7 * DAY]
    );
    assert_eq!(ago("1000000w"), 0, "not before 1970");
}

#[test]
fn off_hours_are_those_of_the_local_clock() {
    let off = |hours: &str, offset: &str, weekends, millis| {
        let (hours, offset) = (hours.parse().unwrap(), offset.parse().unwrap());
        OffHours { hours, offset, weekends }.covers(at(millis))
    };
    assert!(!off("19-7", "Z", true, NOON));
    assert!(off("19-7", "Z", false, NOON + 7 * HOUR));
    assert!(off("19-7", "Z", false, NOON - 6 * HOUR));
    assert!(!off("19-7", "Z", false, NOON - 5 * HOUR));
    assert!(off("19-7", "+07:00", false, NOON));
    assert!(off("9-13", "Z", false, NOON));
    // Saturday 2026-11-07, and Friday evening in UTC that is Saturday further east.
    assert!(off("19-7", "Z", true, NOON + 4 * DAY));
    assert!(!off("19-7", "Z", false, NOON + 4 * DAY));
    assert!(off("1-2", "+13:00", true, NOON + 3 * DAY));
    assert_eq!(date(20_760), "2026-11-03");
    assert_eq!(shown(at(NOON)), "2026-11-03 12:00:00");
}

#[test]
fn times_without_an_offset_are_those_of_the_clocks_in_question() {
    let of = |text: &str, offset: &str| {
        text.parse::<When>().unwrap().resolve(at(NOON), offset.parse().unwrap()).unix_millis()
    };
    // Noon here is another moment than noon there.
    assert_eq!(of("2026-11-03T12:00", "+01:00"), NOON - HOUR);
    assert_eq!(of("2026-11-03T12:00:00.000", "-05:30"), NOON + 5 * HOUR + HOUR / 2);
    // The day begins where the clocks are.
    assert_eq!(of("2026-11-03", "+01:00"), NOON - DAY / 2 - HOUR);
    assert_eq!(of("2026-11-03", "-12:00"), NOON);
    // Who states an offset means that one.
    for zone in ["Z", "+01:00", "-12:00", "+14:00"] {
        assert_eq!(of("2026-11-03T12:00:00Z", zone), NOON, "{zone}");
        assert_eq!(of("2026-11-03T13:00:00+01:00", zone), NOON, "{zone}");
        assert_eq!(of("2h", zone), NOON - 2 * HOUR, "{zone}");
    }
    // An offset alone makes no moment of a day.
    for bad in ["2026-11-03Z", "2026-11-03+01:00", "2026-11-03T12:00:00+0100"] {
        assert!(bad.parse::<When>().is_err(), "{bad}");
    }
    assert_eq!(of("1970-01-01", "+14:00"), 0, "nothing is before 1970");
}

#[test]
fn days_of_one_offset_have_24_hours_and_meet() {
    // Over a change of clocks, in Europe on 2026-10-25, too: the offset is one that does not change.
    let offset: Offset = "+02:00".parse().unwrap();
    let midnight = |text: &str| text.parse::<When>().unwrap().resolve(at(0), offset).unix_millis();
    let [first, second] = ["2026-10-25", "2026-10-26"].map(midnight);
    assert_eq!(second - first, DAY);
    let days = [first, second - 1, second].map(|millis| date(offset.local(at(millis)).day));
    assert_eq!(days, ["2026-10-25", "2026-10-25", "2026-10-26"]);
}
