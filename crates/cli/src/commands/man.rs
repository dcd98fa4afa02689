//! `andon man`: the manual pages.

use std::path::PathBuf;

use clap::Args;

use crate::app::absolute;
use crate::args::unbuilt;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::Out;

/// Write the manual pages
#[derive(Args, Clone, Debug)]
pub(crate) struct ManArgs {
    /// One page per verb into this folder; left out, the first page goes to standard output
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Writes the pages.
pub(crate) fn run(args: ManArgs) -> Result<ExitCode, Failure> {
    let Some(folder) = args.dir else {
        let mut page = Vec::new();
        let whole = clap_mangen::Man::new(unbuilt()).render(&mut page);
        whole.map_err(Failure::file("andon.1".as_ref()))?;
        Out::Standard.print(&String::from_utf8_lossy(&page));
        return Ok(ExitCode::Done);
    };
    let folder = absolute(&folder)?;
    std::fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    clap_mangen::generate_to(unbuilt(), &folder).map_err(Failure::file(&folder))?;
    Out::Standard.say(&format!("The pages lie in {}", folder.display()));
    Ok(ExitCode::Done)
}
