//! A process that is started before it is needed, and waits for what it is to do: what a start costs is paid beforehand.
//!
//! Starter and waiter hold the ends of one socket. The starter hands over words and descriptors, once, and the waiter says that
//! it has them; the closing of either end says that the other one is gone. Both wait in the kernel: idle costs nothing.

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
/// The most descriptors.
const GIVEN: usize = 2;

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

    /// Hands over at most 1,024 bytes of words and two descriptors, and waits for the word that they have arrived, for at most
    /// 200 ms.
    ///
    /// # Errors
    /// When the process is gone, or does not say so in time. Then it may still have them: whoever starts another process for
    /// the same thing must be able to bear both.
    pub fn hand_over(self, words: &[u8], give: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(GIVEN))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if words.len() > WORDS || !(give.is_empty() || ancillary.push(SendAncillaryMessage::ScmRights(give)))
        {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is more than can be handed over"));
        }
        sendmsg(
            &self.wire,
            &[IoSlice::new(words)],
            &mut ancillary,
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        )?;
        if retry_on_intr(|| poll(&mut [PollFd::new(&self.wire, PollFlags::IN)], Some(&PATIENCE)))? == 0 {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer"));
        }
        let mut word = [0; 1];
        match recv(&self.wire, &mut word, RecvFlags::DONTWAIT)?.0 {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is gone")),
            _ => Ok(()),
        }
    }
}

/// The end of the process that waits.
#[derive(Debug)]
pub struct Waiting {
    wire: OwnedFd,
}

/// What was handed over.
#[derive(Debug)]
pub struct Handed {
    /// The words.
    pub words: Vec<u8>,
    /// The descriptors. They go to no child.
    pub given: Vec<OwnedFd>,
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

    /// Waits; none when the starter is gone, or has started this process in vain.
    ///
    /// # Errors
    /// When the socket fails, or more came than fits.
    pub fn wait(&self) -> io::Result<Option<Handed>> {
        let mut words = vec![0; WORDS];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(GIVEN))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let got = retry_on_intr(|| {
            recvmsg(&self.wire, &mut [IoSliceMut::new(&mut words)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
        })?;
        let given = ancillary
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(given) => Some(given),
                _ => None,
            })
            .flatten()
            .collect();
        if got.bytes == 0 {
            return Ok(None);
        }
        words.truncate(got.bytes);
        Ok(Some(Handed { words, given }))
    }

    /// Says that what was handed over has arrived. From here on this process is charged with it.
    ///
    /// # Errors
    /// When the starter is gone. It has handed over nevertheless.
    pub fn answer(self) -> io::Result<()> {
        send(&self.wire, &[1], SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
        Ok(())
    }
}

/// Writes `value` over `placeholder`, which is as long, wherever it stands in the arguments and the variables with which this
/// process was started: what lists of processes show, and what is looked for in them, is the kernel's view of that memory.
///
/// # Errors
/// `InvalidInput` where the lengths differ; `NotFound` where the placeholder stands nowhere; whatever procfs says.
pub fn rename_in_place(placeholder: &str, value: &str) -> io::Result<()> {
    let (from, to) = (placeholder.as_bytes(), value.as_bytes());
    if from.is_empty() || from.len() != to.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name of another length has no room"));
    }
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // From `state`, the third, on; the name before it may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    // proc(5): arg_start (48), arg_end, env_start, env_end.
    let place = |field: usize| fields.get(field - 3)?.parse::<u64>().ok().filter(|place| *place > 0);
    let memory = File::options().read(true).write(true).open("/proc/self/mem")?;
    let mut found = false;
    for (start, end) in [(place(48), place(49)), (place(50), place(51))] {
        let (Some(start), Some(end)) = (start, end) else { continue };
        let length = usize::try_from(end.saturating_sub(start)).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        memory.read_exact_at(&mut bytes, start)?;
        let mut places = bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from);
        if let Some((offset, _)) = places.next() {
            memory.write_all_at(to, start + offset as u64)?;
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
    fn words_and_descriptors_arrive_and_are_answered() {
        let (standby, waiting) = pair();
        let waiter = std::thread::spawn(move || {
            let handed = waiting.wait().unwrap().unwrap();
            waiting.answer().unwrap();
            handed
        });
        let mut file = tempfile::tempfile().unwrap();
        standby.hand_over(b"what to do", &[file.as_fd()]).unwrap();
        let handed = waiter.join().unwrap();
        assert_eq!(handed.words, b"what to do");
        let given = handed.given.into_iter().next().unwrap();
        let flags = rustix::io::fcntl_getfd(&given).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC), "it goes to no child");
        File::from(given).write_all(b"here").unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "here");
    }

    #[test]
    fn the_end_of_one_is_told_to_the_other() {
        let (standby, waiting) = pair();
        drop(standby);
        assert!(waiting.wait().unwrap().is_none());
        let (standby, waiting) = pair();
        drop(waiting);
        assert!(standby.hand_over(b"x", &[]).is_err());
        let (standby, waiting) = pair();
        let waiter = std::thread::spawn(move || drop(waiting.wait().unwrap()));
        let error = standby.hand_over(b"x", &[]).unwrap_err();
        waiter.join().unwrap();
        assert!(
            matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset),
            "one that takes it and dies has not answered: {error}"
        );
    }

    #[test]
    fn whoever_does_not_answer_is_given_up() {
        let (standby, _waiting) = pair();
        assert_eq!(standby.hand_over(b"x", &[]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn more_than_fits_is_refused() {
        let (standby, _waiting) = pair();
        assert_eq!(standby.hand_over(&[0; WORDS + 1], &[]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_name_of_another_length_or_from_nowhere_is_refused() {
        assert_eq!(rename_in_place("ab", "abc").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let nowhere = "a name that no process was ever started with";
        assert_eq!(rename_in_place(nowhere, nowhere).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
