//! What a verb says on its way to whoever asked for it, and calls that are known again: one that is repeated to the same
//! server is heard a second time, not run a second time.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use andon_api::VerbFrame;
use bytes::{Bytes, BytesMut};
use futures::stream::{Stream, unfold};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::super::access::Who;
use super::super::state::Api;
use super::verb_port::{Audience, Verbs};

/// How often an answer says that it lives.
const ALIVE: Duration = Duration::from_secs(5);
/// Bytes that may wait to be sent; a verb that says more waits.
const BACKLOG: usize = 1 << 20;
/// Calls that are known again; the oldest are forgotten.
const KNOWN: usize = 2_000;
/// Most bytes of an answer that is kept to be heard again.
const LARGEST: usize = 256 << 10;

/// Verbs that run at once; more of them wait.
const RUNNING: usize = 64;
/// Large calls that are read at once: each lies in memory as a whole.
const LARGE: usize = 4;

/// What the server needs to run verbs.
#[derive(Debug)]
pub(crate) struct VerbDesk {
    /// What runs them.
    pub(crate) port: Option<Arc<dyn Verbs>>,
    /// Those that can be known again.
    pub(crate) calls: Calls,
    /// Verbs that may still be begun.
    pub(crate) slots: Arc<Semaphore>,
    /// Large calls that may still be read.
    pub(crate) large: Semaphore,
    /// Verbs that were run.
    pub(crate) ran: AtomicU64,
}

impl VerbDesk {
    /// A desk; without a port it runs nothing.
    pub(crate) fn new(port: Option<Arc<dyn Verbs>>) -> Self {
        let slots = Arc::new(Semaphore::new(RUNNING));
        Self { port, calls: Calls::default(), slots, large: Semaphore::new(LARGE), ran: AtomicU64::default() }
    }
}

/// Who calls, and how it named the call.
pub(crate) type Name = (String, String);

/// The calls of this server that can be known again.
#[derive(Debug)]
pub(crate) struct Calls {
    /// Names this server among all that ever ran.
    pub(crate) instance: String,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    calls: HashMap<Name, Arc<Call>>,
    /// The oldest first.
    order: VecDeque<Name>,
}

impl Default for Calls {
    fn default() -> Self {
        Self { instance: format!("{:032x}", rand::random::<u128>()), known: Mutex::default() }
    }
}

impl Calls {
    /// The call of that name, and whether it is a new one.
    pub(crate) fn begin(&self, name: Name) -> (Arc<Call>, bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = known.calls.get(&name) {
            return (Arc::clone(call), false);
        }
        let call = Arc::new(Call::new(true));
        known.calls.insert(name.clone(), Arc::clone(&call));
        known.order.push_back(name);
        while known.order.len() > KNOWN {
            if let Some(oldest) = known.order.pop_front() {
                known.calls.remove(&oldest);
            }
        }
        (call, true)
    }

    /// Forgets a call that was never begun.
    pub(crate) fn forget(&self, name: &Name) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).calls.remove(name);
    }
}

/// What one verb says.
#[derive(Debug)]
pub(crate) struct Call {
    /// Whether all of it stays, to be heard again.
    kept: bool,
    said: Mutex<Said>,
    /// Something was said, or it has ended.
    news: Notify,
    /// Something was heard, or nobody listens any more.
    heard: Condvar,
}

#[derive(Debug, Default)]
struct Said {
    lines: VecDeque<Bytes>,
    bytes: usize,
    ended: bool,
    /// Nobody listens any more, or nobody should.
    deaf: bool,
}

impl Call {
    /// One that nobody can ask for again.
    pub(crate) fn passing() -> Self {
        Self::new(false)
    }

    fn new(kept: bool) -> Self {
        Self { kept, said: Mutex::default(), news: Notify::new(), heard: Condvar::new() }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: Bytes) {
        let mut said = self.said();
        while !self.kept && !said.deaf && said.bytes > BACKLOG {
            said = self.heard.wait(said).unwrap_or_else(PoisonError::into_inner);
        }
        if self.kept || !said.deaf {
            said.bytes += line.len();
            said.lines.push_back(line);
        }
        drop(said);
        self.news.notify_waiters();
    }

    /// The end. Without an exit code the verb was cut off.
    pub(crate) fn end(&self, code: Option<u8>) {
        if let Some(code) = code {
            self.add(line(&VerbFrame::Exit { code }));
        }
        self.said().ended = true;
        self.news.notify_waiters();
    }

    /// What was said after the first `at` lines, and whether that is all. What is not kept is gone then.
    fn after(&self, at: &mut usize) -> (Bytes, bool) {
        let mut said = self.said();
        let mut bytes = BytesMut::new();
        if self.kept {
            said.lines.iter().skip(*at).for_each(|line| bytes.extend_from_slice(line));
            *at = said.lines.len();
        } else {
            said.lines.drain(..).for_each(|line| bytes.extend_from_slice(&line));
            said.bytes = 0;
            self.heard.notify_all();
        }
        (bytes.freeze(), said.ended)
    }

    /// Nobody listens any more. What is too large to be kept is replaced by a word about it.
    fn leave(&self) {
        let mut said = self.said();
        if !self.kept {
            said.deaf = true;
            said.lines.clear();
            self.heard.notify_all();
        } else if said.ended && said.bytes > LARGEST {
            let text = "andon: it was done; what it said was too long to be kept".to_owned();
            let exit = said.lines.pop_back();
            said.lines = [line(&VerbFrame::Err { text })].into_iter().chain(exit).collect();
            said.bytes = 0;
        }
    }
}

impl Audience for Call {
    fn tell(&self, frame: VerbFrame) {
        self.add(line(&frame));
    }

    fn listens(&self) -> bool {
        !self.said().deaf
    }
}

fn line(frame: &VerbFrame) -> Bytes {
    let mut text = serde_json::to_vec(frame).unwrap_or_default();
    text.push(b'\n');
    Bytes::from(text)
}

/// Who listens to a call.
struct Listener {
    api: Api,
    call: Arc<Call>,
    at: usize,
    over: bool,
    /// Whose credentials must stand while it follows.
    follows: Option<Who>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.call.leave();
    }
}

/// What a call says, line by line. `follows` is who follows something without an end: that stream ends with the server, and
/// with the caller's credentials.
pub(crate) fn listen(
    api: Api,
    call: Arc<Call>,
    follows: Option<Who>,
    place: Option<OwnedSemaphorePermit>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let listener = Listener { api, call, at: 0, over: false, follows, _place: place };
    unfold(listener, |mut listener| async move {
        let bytes = listener.next().await?;
        Some((Ok(bytes), listener))
    })
}

impl Listener {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let call = Arc::clone(&self.call);
        loop {
            let news = call.news.notified();
            let mut news = std::pin::pin!(news);
            // From here on nothing that is said is missed.
            news.as_mut().enable();
            let (bytes, ended) = call.after(&mut self.at);
            self.over = ended;
            if ended || !bytes.is_empty() {
                return Some(bytes).filter(|bytes| !bytes.is_empty());
            }
            let ending = async {
                match &self.follows {
                    Some(_) => self.api.ending.cancelled().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = news => {}
                () = ending => return None,
                () = tokio::time::sleep(ALIVE) => {
                    if self.follows.as_ref().is_some_and(|who| !who.stands(&self.api)) {
                        return None;
                    }
                    return Some(line(&VerbFrame::Alive));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &str) -> VerbFrame {
        VerbFrame::Out { text: text.to_owned() }
    }

    #[test]
    fn a_call_that_is_repeated_is_heard_again_and_is_not_a_new_one() {
        let calls = Calls::default();
        let name = || ("ada".to_owned(), "1".to_owned());
        let (call, new) = calls.begin(name());
        assert!(new);
        call.tell(out("made"));
        call.end(Some(0));
        let first = call.after(&mut 0);
        call.leave();
        let (again, new) = calls.begin(name());
        assert!(!new && again.after(&mut 0) == first && first.1);
        assert!(calls.begin(("eve".to_owned(), "1".to_owned())).1, "another caller's call is another call");
        calls.forget(&name());
        assert!(calls.begin(name()).1);
    }

    #[test]
    fn an_answer_too_long_to_be_kept_is_still_known_as_done() {
        let call = Call::new(true);
        call.tell(out(&"x".repeat(LARGEST)));
        call.end(Some(3));
        call.leave();
        let (bytes, ended) = call.after(&mut 0);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(
            ended && text.contains("it was done") && text.ends_with("{\"kind\":\"exit\",\"code\":3}\n"),
            "{text}"
        );
    }

    #[test]
    fn a_verb_that_nobody_hears_neither_waits_nor_fills_the_memory() {
        let call = Call::passing();
        call.leave();
        for _ in 0..4 {
            call.tell(out(&"x".repeat(BACKLOG)));
        }
        assert!(!call.listens() && call.said().bytes == 0);
    }
}
