//! What each event of the server does to a call.

use audio::Control;
use realtime::{ErrorWeight, Item, ItemKind, Progress, Response, ServerEvent, Session, Status, WireError};

use crate::connect::Failed;
use crate::event::{Event, ProblemCode, Role, Turns};
use crate::machine::Turn;
use crate::problem;
use crate::session;

impl Turn<'_> {
    pub(crate) fn hear_server(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::SessionCreated { session } => self.learn_model(session.model),
            ServerEvent::ConversationCreated { conversation_id } => {
                if conversation_id.is_some() {
                    self.state.conversation = conversation_id;
                }
            }
            ServerEvent::SessionUpdated { session } => self.session_updated(session),
            ServerEvent::SpeechStarted { item_id, .. } => self.speech_started(item_id),
            ServerEvent::SpeechStopped { .. } | ServerEvent::InputTimeout { .. } => {
                if self.state.hearing && self.state.controls.turns == Turns::Auto {
                    self.state.hearing = false;
                    self.voice_stopped();
                    let silence_ms = u64::from(self.state.setup.patience.silence_ms());
                    self.turn_over(self.now.saturating_sub(silence_ms));
                    self.state.speech.turn_ended();
                    self.await_answer();
                }
            }
            ServerEvent::ItemAdded { item, previous_item_id } if self.state.is_live() => {
                self.item_added(item, previous_item_id.as_deref(), None);
            }
            ServerEvent::InputCommitted { .. } => self.state.line.turn_confirmed(),
            ServerEvent::ItemAdded { item, .. } => self.item_replayed(&item),
            ServerEvent::ItemDeleted { item_id } => {
                let index = item_id.and_then(|id| self.state.transcript.find(&id));
                let index = index.and_then(|index| self.state.transcript.replace(index, "", false));
                self.tell_item(index);
            }
            ServerEvent::ItemTruncated { item_id, transcript: Some(kept), .. } => {
                let index = item_id.and_then(|id| self.state.transcript.find(&id));
                let index = index.and_then(|index| self.state.transcript.correct_cut(index, &kept));
                self.tell_item(index);
            }
            ServerEvent::UserTranscriptUpdated { item_id, transcript } => {
                self.user_caption(item_id, transcript, true);
            }
            ServerEvent::UserTranscriptCompleted { item_id, transcript, status } => {
                let partial = !matches!(status, None | Some(Status::Completed));
                self.user_caption(item_id, transcript, partial);
            }
            ServerEvent::ResponseCreated { response } => self.reply_begins(response),
            ServerEvent::ResponseDone { response } => self.reply_is_done(response),
            ServerEvent::OutputItemAdded { item, response_id, .. } => {
                self.item_added(item, None, response_id.as_deref());
            }
            ServerEvent::OutputItemDone { item, response_id, .. } => self.output_item_done(item, response_id),
            ServerEvent::TranscriptDelta { item_id, response_id, delta, start_time } => {
                let start_ms = start_time.map(|seconds| (seconds.max(0.0) * 1_000.0) as u64);
                self.reply_caption(item_id, response_id, delta, start_ms);
            }
            ServerEvent::TextDelta { item_id, response_id, delta } => {
                self.reply_caption(item_id, response_id, delta, None);
            }
            ServerEvent::TranscriptDone { item_id, response_id, transcript: text }
            | ServerEvent::TextDone { item_id, response_id, text } => {
                self.reply_text(item_id, response_id, text);
            }
            ServerEvent::AudioDone { item_id, .. } => {
                self.item_has_all_sound(item_id.as_deref());
            }
            ServerEvent::ArgumentsDone { name, item_id, .. }
            | ServerEvent::McpArgumentsDone { name, item_id, .. } => {
                self.tool_named(item_id, name);
            }
            ServerEvent::McpCall { item_id, progress, error } => self.tool_progress(item_id, progress, error),
            ServerEvent::Error { error } => self.server_error(error),
            // Nothing follows from these: they repeat what other events say, or concern nobody here.
            ServerEvent::ItemTruncated { .. }
            | ServerEvent::Ping { .. }
            | ServerEvent::InputCleared
            | ServerEvent::Dtmf { .. }
            | ServerEvent::ContentPartAdded { .. }
            | ServerEvent::ContentPartDone { .. }
            | ServerEvent::ArgumentsDelta { .. }
            | ServerEvent::McpListTools { .. }
            | ServerEvent::McpArgumentsDelta { .. }
            | ServerEvent::Unknown { .. } => {}
        }
    }

    pub(crate) fn learn_model(&mut self, model: Option<String>) {
        let Some(model) = model.filter(|model| self.state.model.as_ref() != Some(model)) else { return };
        let own = self.state.setup.profile.model.trim();
        let asked = self.state.wishes.model.as_deref().unwrap_or(own);
        if let Some(problem) = problem::other_model(own, asked, &model) {
            self.notice(problem);
        }
        self.state.model = Some(model.clone());
        self.tell(Event::Model { model });
    }

    fn session_updated(&mut self, session: Session) {
        self.learn_model(session.model.clone());
        if self.state.is_live() {
            return;
        }
        match session::other_rate(&session) {
            Some(rate) => {
                let problem = problem::wrong_rate(rate);
                self.connect_failed(Failed { problem, retry: false, conversation: false, after: None });
            }
            None => self.ready(),
        }
    }

    /// May come late, twice or by mistake, so it changes nothing when it says what is known.
    fn speech_started(&mut self, item_id: Option<String>) {
        if self.state.controls.turns == Turns::Manual || !self.state.is_live() {
            return;
        }
        self.voice_confirmed();
        if let Some(id) = item_id {
            self.take_up_turn(&id);
            let known = self.state.transcript.find(&id).is_some();
            let index = self.state.transcript.entry(&id, None, Role::You, self.now);
            if !known {
                self.tell_item(Some(index));
            }
        }
    }

    fn item_added(&mut self, item: Item, previous: Option<&str>, response: Option<&str>) {
        let Some(id) = item.id.clone() else { return };
        let (text, live) = (item.text(), self.state.is_live());
        if !live || item.replayed == Some(true) || self.state.replies.is_late(Some(&id), response) {
            return;
        }
        let role = match (item.kind, item.role.as_deref()) {
            (Some(ItemKind::FunctionCall), _) => Role::Tool,
            (Some(ItemKind::FunctionCallOutput), _) | (_, Some("system")) => return,
            (_, Some("user")) => Role::You,
            _ => Role::Agent,
        };
        if role == Role::You
            && let Some(text) = &text
            && self.state.transcript.confirm_typed(&id, text)
        {
            self.text_confirmed(text);
            return;
        }
        if role == Role::You {
            self.take_up_turn(&id);
        }
        let known = self.state.transcript.find(&id).is_some();
        let index = self.state.transcript.entry(&id, previous, role, self.now);
        let response = response.map(str::to_owned).or_else(|| self.state.replies.open().map(str::to_owned));
        if let (Role::Agent | Role::Tool, Some(response)) = (role, response) {
            self.state.transcript.belong(index, &response);
        }
        let named = match (role, &item.name, &text) {
            (Role::Tool, Some(name), _) => self.state.transcript.replace(index, name, true),
            (Role::You, _, Some(text)) => self.state.transcript.replace(index, text, true),
            _ => None,
        };
        if !known || named.is_some() {
            self.tell_item(Some(index));
        }
        self.reply_lives();
    }

    fn user_caption(&mut self, item_id: Option<String>, transcript: Option<String>, partial: bool) {
        let (Some(id), Some(text)) = (item_id, transcript) else { return };
        if self.state.conversation.is_some() && !self.state.is_live() {
            return;
        }
        let index = self.state.transcript.entry(&id, None, Role::You, self.now);
        let began = self.state.transcript.item(index).map_or(0, |item| item.at_ms);
        if !text.trim().is_empty() {
            self.words_came(began);
        }
        let index = self.state.transcript.replace(index, &text, partial);
        self.tell_item(index);
    }

    fn reply_begins(&mut self, response: Response) {
        self.reply_is_new();
        self.notice_gone(ProblemCode::ReplyLost);
        // It has heard something after all.
        self.notice_gone(ProblemCode::Idle);
        self.state.unconfirmed.clear();
        self.state.line.turn_confirmed();
        self.state.speech.forget_ended();
        for item in self.state.replies.begin(response.id.as_deref()) {
            self.device(Control::Finish { item });
        }
        if self.state.awaiting.is_none() && !self.state.replies.is_sounding() {
            self.await_answer();
        }
        self.reply_lives();
    }

    fn reply_is_done(&mut self, response: Response) {
        let id = response.id.as_deref();
        let was_open = id.is_none() || self.state.replies.open() == id;
        for item in &response.output {
            if let (Some(id), Some(text)) = (item.id.as_deref(), item.text())
                && let Some(index) = self.state.transcript.find(id)
            {
                let index = self.state.transcript.settle(index, Some(&text));
                self.tell_item(index);
            }
        }
        if let Some(usage) = &response.usage {
            self.state.meter.report(id, usage);
        }
        if response.status == Some(Status::Failed) {
            self.notice(problem::reply_failed(response.status_reason.as_deref()));
        }
        self.reply_done(id);
        if was_open {
            self.state.tool = None;
        }
        for index in id.map(|id| self.state.transcript.open_items(id)).unwrap_or_default() {
            let index = self.state.transcript.settle(index, None);
            self.tell_item(index);
        }
    }

    fn output_item_done(&mut self, item: Item, response_id: Option<String>) {
        let Some(id) = item.id.clone() else { return };
        if item.kind == Some(ItemKind::FunctionCall) {
            let name = item.name.clone();
            self.item_added(item, None, response_id.as_deref());
            self.tool_named(Some(id), name);
            return;
        }
        self.item_has_all_sound(Some(&id));
        if let Some(index) = self.state.transcript.find(&id) {
            let text = item.text();
            let index = self.state.transcript.settle(index, text.as_deref());
            self.tell_item(index);
        }
    }

    fn item_has_all_sound(&mut self, item_id: Option<&str>) {
        if let Some(id) = item_id
            && self.state.replies.item_whole(id)
        {
            self.device(Control::Finish { item: id.into() });
        }
        self.reply_lives();
    }

    fn reply_caption(
        &mut self,
        item_id: Option<String>,
        response_id: Option<String>,
        delta: Option<String>,
        start_ms: Option<u64>,
    ) {
        let (Some(id), Some(delta)) = (item_id, delta) else { return };
        if !self.state.is_live() {
            return;
        }
        // The words of an interrupted item still go behind its cut; an item unknown until now was
        // never heard at all.
        let known = self.state.transcript.find(&id);
        if known.is_none() && self.state.replies.is_late(Some(&id), response_id.as_deref()) {
            return;
        }
        let index = known.unwrap_or_else(|| self.state.transcript.entry(&id, None, Role::Agent, self.now));
        if let Some(response) = response_id.or_else(|| self.state.replies.open().map(str::to_owned)) {
            self.state.transcript.belong(index, &response);
        }
        let index = self.state.transcript.append(index, &delta, start_ms);
        self.tell_item(index);
        self.reply_lives();
    }

    fn reply_text(&mut self, item_id: Option<String>, response_id: Option<String>, text: Option<String>) {
        let Some(id) = item_id else { return };
        let late = self.state.replies.is_late(Some(&id), response_id.as_deref());
        if let Some(index) = self.state.transcript.find(&id)
            && !late
        {
            let index = self.state.transcript.settle(index, text.as_deref());
            self.tell_item(index);
        }
        self.reply_lives();
    }

    fn tool_named(&mut self, item_id: Option<String>, name: Option<String>) {
        let Some(name) = name else { return };
        if let Some(id) = item_id {
            let index = self.state.transcript.entry(&id, None, Role::Tool, self.now);
            let index = self.state.transcript.replace(index, &name, false);
            self.tell_item(index);
        }
        self.state.tool = Some(name);
        self.reply_lives();
    }

    fn tool_progress(&mut self, item_id: Option<String>, progress: Progress, error: Option<WireError>) {
        match progress {
            Progress::InProgress => {
                let index = item_id.and_then(|id| self.state.transcript.find(&id));
                let name =
                    index.and_then(|index| self.state.transcript.item(index)).map(|item| item.text.clone());
                self.state.tool = Some(name.unwrap_or_else(|| "tool".to_owned()));
            }
            Progress::Completed => self.state.tool = None,
            Progress::Failed => {
                self.state.tool = None;
                let words = error.and_then(|error| error.message);
                self.notice(problem::tool_failed(words.as_deref()));
            }
        }
        self.reply_lives();
    }

    fn server_error(&mut self, error: WireError) {
        match (error.weight(), self.state.is_live()) {
            (ErrorWeight::Benign, true) => {}
            // A rejected update leaves a bare session running: no voice, no turn detection of ours.
            (_, false) => self.session_refused(&error),
            (ErrorWeight::Ending, true) if error.is("max_duration") => self.cap_reached(),
            (ErrorWeight::Ending, true) => self.idle_soon(),
            (ErrorWeight::Notable, true) => self.notice(problem::server_error(&error)),
        }
    }
}
