//! Boards that live as long as a process: opened once, however many parts of it use them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use andon_core::BoardSlug;

use crate::board::{Board, WeakBoard};

/// The boards of a home that somebody in this process holds.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    boards: Mutex<BTreeMap<BoardSlug, WeakBoard>>,
}

impl Shared {
    /// The board, if somebody holds it.
    pub(crate) fn held(&self, slug: &BoardSlug) -> Option<Board> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner).get(slug)?.upgrade()
    }

    /// Shares a board that has just been opened; gives the one that is shared, which is an earlier one where two came at
    /// once.
    pub(crate) fn hold(&self, board: Board) -> Board {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = boards.get(board.slug()).and_then(WeakBoard::upgrade) {
            return held;
        }
        boards.insert(board.slug().clone(), board.downgrade());
        board
    }

    /// Shares it no longer.
    pub(crate) fn forget(&self, slug: &BoardSlug) {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner).remove(slug);
    }
}
