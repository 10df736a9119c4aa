use super::*;

#[test]
fn every_default_written_in_the_table_is_taken_and_changes_nothing() {
    let usual = format!("{:?}", Switches::default());
    for entry in TABLE {
        let mut switches = Switches::default();
        let default = entry.values.split(" | ").next().unwrap_or_default();
        if entry.name == "transcript" {
            continue;
        }
        assert_eq!(switches.set(entry.name, default), Ok(()), "{}", entry.name);
        assert_eq!(format!("{switches:?}"), usual, "{}={default} is not the default", entry.name);
    }
}

#[test]
fn every_word_written_in_the_table_is_taken() {
    for entry in TABLE {
        for word in entry.values.split(" | ").filter(|word| !word.chars().any(char::is_uppercase)) {
            assert_eq!(Switches::default().set(entry.name, word), Ok(()), "{}={word}", entry.name);
        }
    }
}

#[test]
fn an_unknown_switch_is_answered_with_all_of_them() {
    let error = Switches::default().set("odrer", "live").unwrap_err().to_string();
    for entry in TABLE {
        assert!(error.contains(entry.name), "{error} lacks {}", entry.name);
    }
}

#[test]
fn a_bad_value_is_answered_with_the_good_ones() {
    for (name, value) in [
        ("order", "3.0"),
        ("abandon", "yes"),
        ("ping_ms", "-1"),
        ("delta_pace", "NaN"),
        ("delta_pace", "0.001"),
        ("delta_ms", "5"),
        ("tool_calls", "0"),
        ("oversized_mb", "1000"),
        ("model", ""),
    ] {
        let error = Switches::default().set(name, value).unwrap_err();
        assert!(matches!(error, SwitchError::BadValue { .. }), "{name}={value}: {error}");
    }
}

#[test]
fn texts_are_split_one_per_turn() {
    let mut switches = Switches::default();
    switches.set("transcript", "What time is it? | And now?|").unwrap();
    assert_eq!(switches.transcript, ["What time is it?", "And now?"]);
}
