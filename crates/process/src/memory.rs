//! Memory that was needed at the start and is not needed any more.

/// Gives the system what the allocator keeps of freed memory, and lets go of the program's own code: what still runs is mapped again
/// from the page cache where it runs. Worth it once, after a start that built much and dropped it: otherwise a process that
/// runs for months keeps its highest mark.
///
/// Does what the system has a call for.
pub fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "no safe binding for malloc_trim")]
    // SAFETY: the call takes the allocator's own locks, and frees nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
    #[cfg(target_os = "linux")]
    let_go_of_code();
}

/// The start of a program touches much of its code once, and the kernel maps large pieces around each place.
#[cfg(target_os = "linux")]
fn let_go_of_code() {
    let Ok(program) = std::fs::read_link("/proc/self/exe") else { return };
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (start, length) in maps.lines().filter_map(|line| code_of(line, program.to_str()?)) {
        #[expect(unsafe_code, reason = "the range is known by its numbers alone")]
        // SAFETY: a private mapping of a file that can be read and run, and was never written: what is let go is read from the
        // file again, the same as it was, also while others run it.
        unsafe {
            libc::madvise(std::ptr::without_provenance_mut(start), length, libc::MADV_DONTNEED);
        }
    }
}

/// Start and length of a mapping of the program's code, by its line in `maps` (proc(5)). Data that is only read is left alone: some
/// of it was written before it was protected.
#[cfg(target_os = "linux")]
fn code_of(line: &str, program: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (range, permissions) = (fields.next()?, fields.next()?);
    // Offset, device and inode stand before the path, which may have blanks in it.
    let path = line.find('/').and_then(|at| line.get(at..))?;
    if permissions != "r-xp" || path != program {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    Some((start, end.checked_sub(start)?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_itself_is_let_go() {
        let line = |permissions: &str, path: &str| {
            format!("00e37000-040b6000 {permissions} 00c36000 fe:00 42       {path}")
        };
        let program = "/opt/an don/andon";
        assert_eq!(code_of(&line("r-xp", program), program), Some((0x00e3_7000, 0x0327_f000)));
        assert_eq!(code_of(&line("r--p", program), program), None);
        assert_eq!(code_of(&line("rw-p", program), program), None);
        assert_eq!(code_of(&line("r-xp", "/lib/libc.so.6"), program), None);
        assert_eq!(code_of("7fff-8000 r-xp 00000000 00:00 0          [vdso]", program), None);
    }

    #[test]
    fn what_runs_goes_on_when_its_code_is_let_go() {
        for _ in 0..100 {
            give_back_memory();
            assert_eq!((0..100_u64).map(|each| each * each).sum::<u64>(), 328_350);
        }
    }
}
