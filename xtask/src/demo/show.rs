//! The pipeline on the line.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::pipeline::{Pipeline, Places};
use crate::failure::Failure;
use crate::line::{Board, Line, Play, Stage, Station, emit, perform, seconds};
use crate::shell;

/// Sets the stage, runs the pipeline on it, shows how it went, and leaves nothing behind unless `keep` says so.
///
/// # Errors
/// When a task is not done at the end, when it was interrupted, or when something that it needs fails.
pub(super) async fn run(andon: &Path, keep: bool) -> Result<(), Failure> {
    let example = shell::root().join("examples").join("demo");
    let pipeline = Pipeline::read(&example.join("pipeline.toml"))?;
    let stage = Stage::set(&example, "A report of sales", keep)?;
    let answers = pipeline.answers.iter().map(|answer| (answer.task.clone(), answer.text.clone())).collect();
    let mut line = Line::new(Board::new(andon, stage.home()), answers, pipeline.tasks.len());
    perform(&mut Show { pipeline, example }, &mut line, &stage).await
}

/// The pipeline, and the folder in which it lies.
struct Show {
    pipeline: Pipeline,
    example: PathBuf,
}

impl Play for Show {
    async fn set_up(&mut self, line: &mut Line, stage: &Stage) -> Result<(), Failure> {
        let places = Places {
            data: self.example.join("data"),
            desk: stage.desk.clone(),
            repository: stage.repository.clone(),
        };
        line.board.run(&["init"]).await?;
        for profile in &self.pipeline.profiles {
            let file = self.example.join(profile).display().to_string();
            line.board.run(&["profile", "install", &file]).await?;
        }
        for task in &self.pipeline.tasks {
            let body = task.body(&self.example, &places)?;
            let workspace = task.workspace(&places);
            let mut args = vec!["create", &task.title, "--assignee", &task.assignee, "--body", &body];
            let known = line.stations.iter();
            let parents = known.filter(|station| task.parents.contains(&station.key));
            args.extend(parents.flat_map(|station| ["--parent", station.id.as_str()]));
            let options =
                [("--reviewer", &task.reviewer), ("--workspace", &workspace), ("--branch", &task.branch)];
            for (option, value) in options {
                args.extend(value.iter().flat_map(|value| [option, value.as_str()]));
            }
            let created = line.board.json(&args).await?;
            let id = created.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            line.stations.push(Station::new(&task.key, &id, &task.assignee, &task.parents));
        }
        Ok(())
    }

    async fn curtain(&self, line: &Line, stage: &Stage) -> Result<(), Failure> {
        if let Ok(report) = fs::read_to_string(stage.desk.join("report.txt")) {
            line.canvas.heading("The report that they wrote");
            emit(&report);
        }
        line.canvas.heading("The branches that they merged (`git log --graph`)");
        emit(&stage.history("release"));
        emit(&format!("\nKept as attachments: {}\n", line.kept()));
        emit(&format!("{} tasks done in {}\n", line.stations.len(), seconds(line.took())));
        Ok(())
    }
}
