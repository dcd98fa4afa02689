//! Any bytes from an MCP client: no panic, no frame beyond its limit, an answer to whatever is no message; any arguments of
//! any tool are read or refused in words; and behind it all a worker's tools on a real board, where each request is answered
//! once and no task of others moves.

#![no_main]

#[path = "../../crates/server/tests/mcp/stage.rs"]
mod stage;

use std::sync::{Mutex, PoisonError};

use andon_server::mcp::{Frame, Frames, Line};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

use stage::Stage;

/// The board of many inputs: a new one costs more than all that is done with it. After so many it is worn.
static STAGE: Mutex<Option<(Stage, u32)>> = Mutex::new(None);
const WORN: u32 = 200;

const LIMIT: usize = 4_096;
const TOOLS: [&str; 6] =
    ["kanban_show", "kanban_complete", "kanban_block", "kanban_create", "kanban_list", "kanban_attach"];

fuzz_target!(|bytes: &[u8]| {
    let mut stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let (played, used) = stage.get_or_insert_with(|| (Stage::new(), 0));
    played.drive(bytes);
    *used += 1;
    if *used >= WORN {
        *stage = None;
    }
    drop(stage);
    let mut frames = Frames::new(bytes, LIMIT);
    while let Some(line) = frames.next_line() {
        if let Line::Whole(whole) = &line {
            assert!(whole.len() <= LIMIT && !whole.contains(&b'\n'));
        }
        match Frame::read(&line) {
            Frame::Request(..) | Frame::Nothing => {}
            Frame::Bad(answer) => {
                assert_eq!(answer["jsonrpc"], "2.0");
                assert!(answer["error"]["code"].is_i64() && answer["error"]["message"].is_string());
            }
        }
        if let Line::Whole(whole) = &line
            && let Ok(arguments) = serde_json::from_slice::<Value>(whole)
        {
            for tool in TOOLS {
                if let Err(error) = andon_tools::check(tool, arguments.clone()) {
                    assert!(!error.message.is_empty() && error.code == "bad_arguments");
                }
            }
        }
    }
});
