//! The write-ahead log's file, written in one piece at each commit.
//!
//! SQLite writes a frame of the log with two calls, one for its header and one for its page: a commit of eight pages costs
//! sixteen system calls before it waits for the disk once. Behind this shim what follows on what was written before is put
//! together, and goes to the file when SQLite asks for it to be on the disk, reads, or looks at the file's length. Nobody
//! else can miss it until then: a reader looks only at frames that the index of the log names, and a commit enters them
//! there after its sync (<https://sqlite.org/walformat.html>). A process that is killed before has written less, as if it
//! had been killed earlier.
//!
//! Every other file, and every lock, is left to SQLite's own code.

#![expect(unsafe_code, reason = "SQLite's interface for files is one of C")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::sync::OnceLock;

use rusqlite::ffi::{
    SQLITE_IOERR, SQLITE_OK, SQLITE_OPEN_WAL, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs,
    sqlite3_vfs_find, sqlite3_vfs_register,
};

/// The name of the shim, by which a connection asks for it.
pub(crate) const NAME: &CStr = c"andon-log";

/// So much is put together at most, bytes; the buffer of a larger commit is not kept.
const LIMIT: usize = 1 << 20;
const KEPT: usize = 128 << 10;

/// What was written and is still to go to the file.
#[derive(Default)]
struct Pending {
    start: sqlite3_int64,
    bytes: Vec<u8>,
}

/// A log that is open. Behind it lies SQLite's own file of the same log.
#[repr(C, align(16))]
struct LogFile {
    base: sqlite3_file,
    pending: *mut Pending,
}

/// Makes the shim known to SQLite, once; false where SQLite has no files of its own, and the shim is not to be had.
pub(crate) fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        // SAFETY: a null name asks for the default, which lives as long as the program.
        let own = unsafe { sqlite3_vfs_find(std::ptr::null()) };
        if own.is_null() {
            return false;
        }
        // SAFETY: `own` is valid as said, and copied. Its functions do not look at which structure they are called with,
        // except that which opens, which is called with its own.
        let mut shim = unsafe { *own };
        let Ok(size) = c_int::try_from(size_of::<LogFile>()) else { return false };
        shim.szOsFile += size;
        shim.pNext = std::ptr::null_mut();
        shim.zName = NAME.as_ptr();
        shim.pAppData = own.cast::<c_void>();
        shim.xOpen = Some(open);
        // SAFETY: what is registered must live as long as the program, and does.
        unsafe { sqlite3_vfs_register(Box::leak(Box::new(shim)), 0) == SQLITE_OK }
    })
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// SQLite's own file of a log.
///
/// # Safety
/// `file` was opened by [`open`] as a log.
unsafe fn own(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: there is room for both, one behind the other, as `szOsFile` says.
    unsafe { file.cast::<LogFile>().add(1).cast::<sqlite3_file>() }
}

/// Calls a method of SQLite's own file of a log.
macro_rules! own {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: SQLite calls the methods of a log with a file that `open` has opened and `close` has not closed, whose own
        // file has all methods of the first version.
        unsafe {
            let own = own($file);
            (*(*own).pMethods).$method.map_or(SQLITE_IOERR, |method| method(own $(, $argument)*))
        }
    }};
}

/// What is still to go to the file of a log.
///
/// # Safety
/// As [`own`]; and SQLite uses a file on one thread at a time.
unsafe fn pending<'a>(file: *mut sqlite3_file) -> &'a mut Pending {
    // SAFETY: `open` has made it, and `close` alone takes it away.
    unsafe { &mut *(*file.cast::<LogFile>()).pending }
}

/// Has everything go to the file. What cannot is forgotten: SQLite writes it anew when it tries again.
fn flush(file: *mut sqlite3_file) -> c_int {
    // SAFETY: the callers are methods of a log.
    let pending = unsafe { pending(file) };
    if pending.bytes.is_empty() {
        return SQLITE_OK;
    }
    let Ok(length) = c_int::try_from(pending.bytes.len()) else { return SQLITE_IOERR };
    let code = own!(file, xWrite, pending.bytes.as_ptr().cast::<c_void>(), length, pending.start);
    pending.bytes.clear();
    pending.bytes.shrink_to(KEPT);
    code
}

/// The same, and then a method of SQLite's own file.
macro_rules! flushed {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        match flush($file) {
            SQLITE_OK => own!($file, $method $(, $argument)*),
            failed => failed,
        }
    }};
}

unsafe extern "C" fn open(
    shim: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls this with the structure that was registered, whose data is its own default, and with room for a
    // file as `szOsFile` says.
    unsafe {
        let own_vfs = (*shim).pAppData.cast::<sqlite3_vfs>();
        let Some(open) = (*own_vfs).xOpen else { return SQLITE_IOERR };
        if flags & SQLITE_OPEN_WAL == 0 {
            return open(own_vfs, name, file, flags, out);
        }
        (*file).pMethods = std::ptr::null();
        let own = own(file);
        (*own).pMethods = std::ptr::null();
        let code = open(own_vfs, name, own, flags, out);
        if code == SQLITE_OK {
            (*file.cast::<LogFile>()).pending = Box::into_raw(Box::default());
            (*file).pMethods = &raw const METHODS;
        } else if let Some(methods) = (*own).pMethods.as_ref()
            && let Some(close) = methods.xClose
        {
            close(own);
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let flushed = flush(file);
    let closed = own!(file, xClose);
    // SAFETY: made by `open`, and not used any more.
    drop(unsafe { Box::from_raw((*file.cast::<LogFile>()).pending) });
    if flushed == SQLITE_OK { closed } else { flushed }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    data: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let Ok(count) = usize::try_from(length) else { return SQLITE_IOERR };
    // SAFETY: a method of a log.
    let behind = |pending: &Pending| pending.bytes.len() as sqlite3_int64 + pending.start == offset;
    let full = |pending: &Pending| pending.bytes.len() + count > LIMIT;
    // SAFETY: a method of a log.
    let waiting = unsafe { pending(file) };
    if !waiting.bytes.is_empty() && (!behind(waiting) || full(waiting)) {
        let code = flush(file);
        if code != SQLITE_OK {
            return code;
        }
    }
    if count > LIMIT {
        return own!(file, xWrite, data, length, offset);
    }
    // SAFETY: a method of a log, and SQLite gives `length` bytes.
    let (waiting, data) = unsafe { (pending(file), std::slice::from_raw_parts(data.cast::<u8>(), count)) };
    if waiting.bytes.is_empty() {
        waiting.start = offset;
    }
    waiting.bytes.extend_from_slice(data);
    SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    data: *mut c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    flushed!(file, xRead, data, length, offset)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    flushed!(file, xTruncate, size)
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    flushed!(file, xSync, flags)
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    flushed!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    own!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    own!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, answer: *mut c_int) -> c_int {
    own!(file, xCheckReservedLock, answer)
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    own!(file, xFileControl, what, argument)
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    own!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    own!(file, xDeviceCharacteristics)
}
