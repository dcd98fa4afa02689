//! Prints `docs/state-machine.md`: the lifecycle as a diagram and a table, made by asking the state machine itself.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "the page goes to standard output")]

#[path = "state_machine/matrix.rs"]
mod matrix;
#[path = "state_machine/page.rs"]
mod page;

fn main() {
    print!("{}", page::render());
}
