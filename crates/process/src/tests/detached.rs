//! Processes that outlive their starter, and what they hold.

use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;

use super::*;

#[tokio::test]
async fn a_process_starts_itself_through_its_descriptor() {
    let exe = SelfExe::open().unwrap();
    let listed = exe.command().arg("--list").output().unwrap();
    assert!(
        String::from_utf8_lossy(&listed.stdout).contains("a_process_starts_itself_through_its_descriptor")
    );
}

#[tokio::test]
async fn a_detached_process_leads_its_own_session_and_is_collected() {
    let bench = Bench::new("detached").await;
    let log = bench.path("log");
    let mut command = Command::new("sh");
    command.args(["-c", "echo to the log; echo $$ > pid; while ! [ -e go ]; do sleep 0.01; done"]);
    command.current_dir(bench.dir.path());
    let started = spawn_detached(command, Some(&log), &[]).unwrap();
    assert_eq!(bench.process("pid").await, started);
    let stat = crate::procfs::Stat::read(started.pid).unwrap().unwrap();
    assert_eq!((stat.session, stat.group), (started.pid, started.pid));
    eventually(|| (bench.log() == "to the log\n").then_some(())).await;
    fs::write(bench.path("go"), "").unwrap();
    gone(&started).await;
    eventually(|| {
        reap_orphans();
        Identity::of_pid(started.pid).unwrap().is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_slot_is_held_until_its_last_holder_ends() {
    let bench = Bench::new("slot").await;
    let slots = bench.path("slots");
    let first = Slot::acquire(&slots, 2).unwrap().unwrap();
    let second = Slot::acquire(&slots, 2).unwrap().unwrap();
    assert!(Slot::acquire(&slots, 2).unwrap().is_none());
    drop(second);
    assert_eq!(Slots::in_use(&slots, 2).unwrap(), 1);
    let fd = first.as_fd().as_raw_fd();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ls -l /proc/$$/fd/{fd} > held; echo $$ > pid; exec sleep 600")]);
    command.current_dir(bench.dir.path());
    command.env(&bench.marker.0, &bench.marker.1);
    let holder = spawn_detached(command, None, &[first.as_fd()]).unwrap();
    bench.process("pid").await;
    assert!(fs::read_to_string(bench.path("held")).unwrap().contains("slot-0"));
    drop(first);
    assert_eq!(Slots::in_use(&slots, 2).unwrap(), 1);
    sweep(&bench.marker, Some(&holder), None, &[]).await.unwrap();
    assert!(!holder.is_alive());
    eventually(|| (Slots::in_use(&slots, 2).unwrap() == 0).then_some(())).await;
    reap_orphans();
}

#[tokio::test]
async fn a_slot_that_was_handed_down_goes_no_further() {
    let dir = tempfile::tempdir().unwrap();
    let slot = Slot::acquire(dir.path(), 1).unwrap().unwrap();
    let handed = rustix::io::dup(slot.as_fd()).unwrap();
    drop(slot);
    assert_eq!(Slots::in_use(dir.path(), 1).unwrap(), 1);
    let adopted = Slot::adopt(std::os::fd::IntoRawFd::into_raw_fd(handed)).unwrap();
    let flags = rustix::io::fcntl_getfd(adopted.as_fd()).unwrap();
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    drop(adopted);
    assert_eq!(Slots::in_use(dir.path(), 1).unwrap(), 0);
    assert!(Slot::adopt(1).is_err() && Slot::adopt(9_999).is_err());
}

#[tokio::test]
async fn a_reserved_record_is_written_on_a_full_disk() {
    const NAME: &str = "tests::detached::a_reserved_record_is_written_on_a_full_disk";
    if let Some(disk) = std::env::var_os("ANDON_TEST_SMALL_DISK") {
        return on_a_full_disk(Path::new(&disk));
    }
    let dir = tempfile::tempdir().unwrap();
    let mount =
        "mount -t tmpfs -o size=256k none \"$ANDON_TEST_SMALL_DISK\" 2>/dev/null || exit 99; exec \"$@\"";
    let mut inner = Command::new("unshare");
    inner.args(["-m", "sh", "-c", mount, "sh"]).arg(std::env::current_exe().unwrap());
    let status = inner.args(["--exact", NAME]).env("ANDON_TEST_SMALL_DISK", dir.path()).status();
    match status.ok().and_then(|status| status.code()) {
        Some(0) => {}
        Some(99 | 1) | None => println!("skipped: this host lets us mount no small disk"),
        Some(code) => panic!("the test on the small disk ended with {code}"),
    }
}

fn on_a_full_disk(disk: &Path) {
    let mut record = RecordFile::preallocate(&disk.join("end"), 16 * 1024).unwrap();
    let mut log = crate::log::Log::open(LogSpec::new(disk.join("log"))).unwrap();
    log.append(b"first\n");
    let filler = fs::write(disk.join("filler"), vec![1; 1 << 20]).unwrap_err();
    assert_eq!(filler.kind(), std::io::ErrorKind::StorageFull);
    assert!(RecordFile::preallocate(&disk.join("other"), 4096).is_err());
    assert!(!disk.join("other").exists());
    log.append(&[b'x'; 8192]);
    assert!(log.dropped() > 0);
    record.write(&[b'j'; 16 * 1024]).unwrap();
    assert_eq!(RecordFile::read(&disk.join("end")).unwrap().unwrap(), [b'j'; 16 * 1024]);
    fs::remove_file(disk.join("filler")).unwrap();
    log.append(b"again\n");
    let text = fs::read_to_string(disk.join("log")).unwrap();
    assert!(text.contains("bytes of output could not be written") && text.ends_with("again\n"));
}

#[tokio::test]
async fn a_shutdown_signal_is_heard() {
    let mut signals = ShutdownSignals::listen().unwrap();
    let me = rustix::process::getpid();
    rustix::process::kill_process(me, rustix::process::Signal::HUP).unwrap();
    assert_eq!(signals.recv().await, Shutdown::Hangup);
    rustix::process::kill_process(me, rustix::process::Signal::TERM).unwrap();
    assert_eq!(signals.recv().await, Shutdown::Terminate);
}
