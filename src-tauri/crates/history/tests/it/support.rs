use history::{CallEnd, NewCall, Role, StoredItem};

pub(crate) fn call(id: &str) -> NewCall {
    NewCall {
        id: id.to_owned(),
        started_at: 1_700_000_000_000,
        with_name: "Practice agent".to_owned(),
        practice: true,
        model: Some("grok-voice-latest".to_owned()),
    }
}

pub(crate) fn said(id: &str, position: u32, text: &str) -> StoredItem {
    StoredItem {
        item_id: id.to_owned(),
        position,
        role: Role::You,
        text: text.to_owned(),
        unheard: None,
        typed: false,
        at_ms: u64::from(position) * 1_000,
    }
}

pub(crate) fn ended() -> CallEnd {
    CallEnd {
        ended_at: 1_700_000_060_000,
        reason: "byYou".to_owned(),
        elapsed_ms: 59_000,
        estimate: Some(0.05),
        model: None,
    }
}
