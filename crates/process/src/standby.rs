//! A process that is started before it is needed, and waits for what it is to do: what a start costs is paid beforehand.
//!
//! Starter and waiter hold the ends of one socket. The starter hands over words, once, the waiter says that it has them, and is
//! given a descriptor; the closing of either end says that the other one is gone. Both wait in the kernel: idle costs nothing.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt as _;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg, send, sendmsg, socketpair,
};

use crate::child;

/// How long the starter waits for the waiter's word. One that waits answers in microseconds; one that is frozen never.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
/// The most bytes of words.
const WORDS: usize = 1_024;

/// The starter's hold on a process that waits.
#[derive(Debug)]
pub struct Standby {
    wire: OwnedFd,
}

impl Standby {
    /// A hold, and the descriptor that the process to be started inherits, for [`Waiting::adopt`]. The starter closes its
    /// own copy of that when the process has started.
    ///
    /// # Errors
    /// When the kernel has no socket left.
    pub fn pair() -> io::Result<(Self, OwnedFd)> {
        let (mine, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self { wire: mine }, theirs))
    }

    /// Hands over at most 1,024 bytes of words, waits for the word that they have arrived, for at most 200 ms, and then hands over
    /// a descriptor. Whoever does not answer never holds it.
    ///
    /// # Errors
    /// When the process is gone, or does not answer in time. Then it may still have the words: whoever starts another process
    /// for the same thing must be able to bear both.
    pub fn hand_over(self, words: &[u8], give: Option<BorrowedFd<'_>>) -> io::Result<()> {
        if words.len() > WORDS {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is more than can be handed over"));
        }
        send(&self.wire, words, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
        if retry_on_intr(|| poll(&mut [PollFd::new(&self.wire, PollFlags::IN)], Some(&PATIENCE)))? == 0 {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer"));
        }
        let mut word = [0; 1];
        if recv(&self.wire, &mut word, RecvFlags::DONTWAIT)?.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is gone"));
        }
        let Some(give) = give else { return Ok(()) };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let give = [give];
        ancillary.push(SendAncillaryMessage::ScmRights(&give));
        // It has taken what matters; should it be gone by now, others see that.
        let _ = sendmsg(
            &self.wire,
            &[IoSlice::new(&[1])],
            &mut ancillary,
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        );
        Ok(())
    }
}

/// The end of the process that waits.
#[derive(Debug)]
pub struct Waiting {
    wire: OwnedFd,
}

impl Waiting {
    /// Takes over the descriptor that the starter handed down under this number. To be called once, before anything else
    /// could own that number.
    ///
    /// # Errors
    /// When no such descriptor is open.
    pub fn adopt(fd: RawFd) -> io::Result<Self> {
        Ok(Self { wire: child::adopt(fd)? })
    }

    /// Waits for the words; none when the starter is gone, or has started this process in vain.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn wait(&self) -> io::Result<Option<Vec<u8>>> {
        let mut words = vec![0; WORDS];
        let length = retry_on_intr(|| recv(&self.wire, &mut words[..], RecvFlags::empty()))?.0;
        words.truncate(length);
        Ok((length > 0).then_some(words))
    }

    /// Says that the words have arrived: from here on this process is charged with them. Gives the descriptor that comes along,
    /// which goes to no child.
    ///
    /// # Errors
    /// When the starter is gone. It has handed over nevertheless.
    pub fn answer(self) -> io::Result<Option<OwnedFd>> {
        send(&self.wire, &[1], SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut word = [0; 1];
        retry_on_intr(|| {
            recvmsg(&self.wire, &mut [IoSliceMut::new(&mut word)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
        })?;
        let given = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut given) => given.next(),
            _ => None,
        });
        Ok(given)
    }
}

/// Writes `value` over `placeholder`, which is as long, where it is the last argument or the value of `variable` among those with
/// which this process was started: what lists of processes show, and what is looked for in them, is the kernel's view of that
/// memory.
///
/// # Errors
/// `InvalidInput` where the lengths differ; `NotFound` where the placeholder stands in neither place; whatever procfs says.
pub fn rename_in_place(variable: &str, placeholder: &str, value: &str) -> io::Result<()> {
    if placeholder.is_empty() || placeholder.len() != value.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name of another length has no room"));
    }
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // From `state`, the third, on; the name before it may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    // proc(5): arg_start (48), arg_end, env_start, env_end.
    let place = |field: usize| fields.get(field - 3)?.parse::<u64>().ok().filter(|place| *place > 0);
    let memory = File::options().read(true).write(true).open("/proc/self/mem")?;
    let mut found = false;
    for (start, end, before) in
        [(place(48), place(49), "\0".to_owned()), (place(50), place(51), format!("\0{variable}="))]
    {
        let (Some(start), Some(end)) = (start, end) else { continue };
        let length = usize::try_from(end.saturating_sub(start)).map_err(io::Error::other)?;
        // One more at the start, so that the first entry begins like every other one.
        let mut bytes = vec![0; length + 1];
        memory.read_exact_at(bytes.get_mut(1..).unwrap_or_default(), start)?;
        let wanted = format!("{before}{placeholder}\0").into_bytes();
        if let Some(offset) = bytes.windows(wanted.len()).rposition(|window| window == wanted) {
            memory.write_all_at(value.as_bytes(), start + (offset + before.len()) as u64 - 1)?;
            found = true;
        }
    }
    if found { Ok(()) } else { Err(io::Error::new(io::ErrorKind::NotFound, "the name stands nowhere")) }
}

impl AsFd for Standby {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wire.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};

    use super::*;

    fn pair() -> (Standby, Waiting) {
        let (standby, theirs) = Standby::pair().unwrap();
        (standby, Waiting { wire: theirs })
    }

    #[test]
    fn words_and_a_descriptor_arrive_and_are_answered() {
        let (standby, waiting) = pair();
        let waiter =
            std::thread::spawn(move || (waiting.wait().unwrap().unwrap(), waiting.answer().unwrap()));
        let mut file = tempfile::tempfile().unwrap();
        standby.hand_over(b"what to do", Some(file.as_fd())).unwrap();
        let (words, given) = waiter.join().unwrap();
        assert_eq!(words, b"what to do");
        let given = given.unwrap();
        let flags = rustix::io::fcntl_getfd(&given).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC), "it goes to no child");
        File::from(given).write_all(b"here").unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "here");
        let (standby, waiting) = pair();
        let waiter =
            std::thread::spawn(move || (waiting.wait().unwrap().unwrap(), waiting.answer().unwrap()));
        standby.hand_over(b"alone", None).unwrap();
        assert!(waiter.join().unwrap().1.is_none());
    }

    #[test]
    fn the_end_of_one_is_told_to_the_other() {
        let (standby, waiting) = pair();
        drop(standby);
        assert!(waiting.wait().unwrap().is_none());
        let (standby, waiting) = pair();
        drop(waiting);
        assert!(standby.hand_over(b"x", None).is_err());
        let (standby, waiting) = pair();
        let waiter = std::thread::spawn(move || drop(waiting.wait().unwrap()));
        let error = standby.hand_over(b"x", None).unwrap_err();
        waiter.join().unwrap();
        assert!(
            matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset),
            "one that takes it and dies has not answered: {error}"
        );
    }

    #[test]
    fn whoever_does_not_answer_is_given_up_and_holds_nothing() {
        let (standby, waiting) = pair();
        let file = tempfile::NamedTempFile::new().unwrap();
        let held = File::open(file.path()).unwrap();
        held.try_lock().unwrap();
        let error = standby.hand_over(b"x", Some(held.as_fd())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(held);
        File::open(file.path()).unwrap().try_lock().unwrap();
        drop(waiting);
    }

    #[test]
    fn more_than_fits_is_refused() {
        let (standby, _waiting) = pair();
        assert_eq!(standby.hand_over(&[0; WORDS + 1], None).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_name_of_another_length_or_from_nowhere_is_refused() {
        assert_eq!(rename_in_place("X", "ab", "abc").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let nowhere = "a name that no process was ever started with";
        assert_eq!(rename_in_place("X", nowhere, nowhere).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
