//! What a process and everything below it costs, read from Linux's /proc.

use std::collections::HashMap;

/// `root` and all its descendants that are there now.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(stat) = stat(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.remove(pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// Whether it runs still: one that has ended and waits for its parent to notice does not.
pub(crate) fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| !stat.ended)
}

/// Memory of these processes with shared pages split among their users. Bytes.
pub(crate) fn pss(pids: &[u32]) -> u64 {
    let rollup = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    pids.iter().filter_map(rollup).filter_map(|text| pss_of(&text)).sum()
}

/// Processor time these processes have used so far, user and system. Clock ticks.
pub(crate) fn ticks(pids: &[u32]) -> u64 {
    pids.iter().filter_map(|pid| stat(*pid)).map(|stat| stat.ticks).sum()
}

struct Stat {
    ended: bool,
    parent: u32,
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    stat_of(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// proc(5): the name in parentheses may hold blanks and parentheses, so fields count from the last one.
fn stat_of(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    let ended = matches!(*fields.first()?, "Z" | "X");
    Some(Stat { ended, parent: u32::try_from(number(1)?).ok()?, ticks: number(11)? + number(12)? })
}

/// proc(5): `Pss:` counts kilobytes.
fn pss_of(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pss_is_read_and_not_its_parts() {
        let text =
            "55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  9000 kB\nPss:     1234 kB\nPss_Dirty:  99 kB\n";
        assert_eq!(pss_of(text), Some(1234 * 1024));
        assert_eq!(pss_of("Pss_Dirty: 99 kB\n"), None);
        assert_eq!(pss_of("Pss: many kB\n"), None);
    }

    #[test]
    fn a_name_with_blanks_and_parentheses_shifts_nothing() {
        let text = "42 (Web (x) y) S 7 42 42 0 -1 4194304 1 2 3 4 150 25 0 0 20 0 1 0 5 6 7";
        let stat = stat_of(text).unwrap();
        assert_eq!((stat.parent, stat.ticks, stat.ended), (7, 175, false));
        assert!(stat_of(&text.replace(") S ", ") Z ")).unwrap().ended);
        assert!(stat_of("42 (cut) S 7").is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_tree_holds_what_this_process_started() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = tree(std::process::id());
        let (memory, time, before) = (pss(&found), ticks(&found), lives(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((before, lives(child.id())), (true, false));
        assert!(found.contains(&child.id()), "{found:?}");
        assert!(memory > 100_000, "{memory}");
        assert!(time < 100_000, "{time}");
    }
}
