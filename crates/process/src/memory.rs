//! Memory that was needed at the start and is not needed any more.

/// Gives the system what the allocator keeps of freed memory. Worth it once, after a start that built much and dropped it:
/// otherwise a process that runs for months keeps its highest mark.
///
/// Does nothing where the C library has no such call.
pub fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "no safe binding for malloc_trim")]
    // SAFETY: the call takes the allocator's own locks, and frees nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
