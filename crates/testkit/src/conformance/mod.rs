//! The suite that defines what a store does. Each case is a plain async function over [`Boards`]; a driver passes when
//! it passes them all, and joins with one line: `andon_testkit::conformance!(name, maker)`.

pub mod create;

pub use crate::Boards;

/// Makes a test of every case of the suite for one driver, in a module of that name.
#[macro_export]
macro_rules! conformance {
    ($driver:ident, $boards:expr) => {
        mod $driver {
            #[allow(unused_imports, reason = "the maker may be named from outside")]
            use super::*;
            $crate::conformance_cases! { $boards;
                create: a_new_task_starts_where_its_parents_and_time_allow;
            }
        }
    };
}

/// The tests of listed cases; [`conformance!`] is what drivers call.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($boards:expr; $($module:ident: $($case:ident),+ ;)+) => {
        $(mod $module {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::block_on($crate::conformance::$module::$case(&$boards));
            })+
        })+
    };
}
