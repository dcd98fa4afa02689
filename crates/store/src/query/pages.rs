//! Pages of tasks: which are wanted, in which order, and after which place.

use andon_core::task::Status;
use andon_core::{Millis, TaskId};
use serde::{Deserialize, Serialize};

use crate::error::OpError;
use crate::tx::Tx;
use crate::vals;
use crate::value::Val;

/// In which order; each ends with the id, so that no two tasks have one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Priority, then age: the order in which work starts.
    #[default]
    Priority,
    /// The least urgent first.
    PriorityAscending,
    /// The oldest first.
    Created,
    /// The newest first.
    CreatedDescending,
    /// The most recently changed first.
    Updated,
    /// By title.
    Title,
}

impl Order {
    /// Names as in requests.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("priority", Self::Priority),
        ("priority-asc", Self::PriorityAscending),
        ("created", Self::Created),
        ("created-desc", Self::CreatedDescending),
        ("updated", Self::Updated),
        ("title", Self::Title),
    ];
}

/// A place in an order: what the task before it is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    order: Order,
    number: i64,
    text: String,
    at: i64,
    id: TaskId,
}

impl Key {
    /// The place of a task.
    #[must_use]
    pub fn of(
        order: Order,
        id: &TaskId,
        title: &str,
        priority: i64,
        created_at: Millis,
        updated_at: Millis,
    ) -> Self {
        let at = match order {
            Order::Updated => updated_at.0,
            Order::Priority
            | Order::PriorityAscending
            | Order::Created
            | Order::CreatedDescending
            | Order::Title => created_at.0,
        };
        let text = if order == Order::Title { title.to_owned() } else { String::new() };
        Self { order, number: priority, text, at, id: id.clone() }
    }

    /// In which order it is a place.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }
}

/// Which tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of these statuses; empty for all that are not archived.
    pub statuses: Vec<Status>,
    /// Of this assignee; an empty text is nobody.
    pub assignee: Option<String>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// With this text in id, title, body or reason of the block.
    pub text: Option<String>,
    /// Of this template of a workflow.
    pub template: Option<String>,
    /// At this step of it.
    pub step: Option<String>,
}

macro_rules! page_sql {
    ($after:literal, $order:literal, $limit:literal) => {
        concat!(
            "select id from tasks where $1 like '%,' || status || ',%' \
             and (cast($2 as text) is null or coalesce(assignee, '') = $2) and (cast($3 as text) is null or tenant = $3) \
             and (cast($4 as text) is null or lower(title) like $4 escape '\\' or id like $4 escape '\\' \
             or lower(coalesce(body, '')) like $4 escape '\\' or lower(coalesce(block_reason, '')) like $4 escape '\\') \
             and (cast($5 as text) is null or workflow_template_id = $5) and (cast($6 as text) is null or step_key = $6) \
             and (cast($7 as text) is null or ",
            $after,
            ") order by ",
            $order,
            " limit ",
            $limit
        )
    };
}

/// The first of one status, which an index gives in order.
const PLAIN: &str = "select id from tasks where status = $1 and (cast($2 as text) is null or priority < $3 or (priority = $3 and \
    (created_at > $4 or (created_at = $4 and id > $2)))) order by priority desc, created_at, id limit $5";

impl Order {
    /// A page in this order: the place is the id `$7`, then what comes before it in the order.
    const fn sql(self) -> &'static str {
        match self {
            Self::Priority => page_sql!(
                "priority < $8 or (priority = $8 and (created_at > $9 or (created_at = $9 and id > $7)))",
                "priority desc, created_at, id",
                "$10"
            ),
            Self::PriorityAscending => page_sql!(
                "priority > $8 or (priority = $8 and (created_at > $9 or (created_at = $9 and id > $7)))",
                "priority, created_at, id",
                "$10"
            ),
            Self::Created => {
                page_sql!("created_at > $8 or (created_at = $8 and id > $7)", "created_at, id", "$9")
            }
            Self::CreatedDescending => {
                page_sql!(
                    "created_at < $8 or (created_at = $8 and id < $7)",
                    "created_at desc, id desc",
                    "$9"
                )
            }
            Self::Updated => {
                page_sql!("updated_at < $8 or (updated_at = $8 and id > $7)", "updated_at desc, id", "$9")
            }
            Self::Title => page_sql!("title > $8 or (title = $8 and id > $7)", "title, id", "$9"),
        }
    }
}

impl Wanted {
    /// Whether tasks of a status are wanted.
    #[must_use]
    pub fn has(&self, status: Status) -> bool {
        if self.statuses.is_empty() { status != Status::Archived } else { self.statuses.contains(&status) }
    }

    /// The statuses as the statements take them: `,ready,todo,`.
    fn list(&self) -> String {
        let names: String = Status::ALL.iter().filter(|s| self.has(**s)).map(|s| format!("{s},")).collect();
        format!(",{names}")
    }

    /// The text as a pattern.
    fn pattern(&self) -> Option<String> {
        let text = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        let mut pattern = String::from("%");
        for c in text.to_lowercase().chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        Some(pattern)
    }

    fn is_plain(&self) -> bool {
        let narrow = [&self.assignee, &self.tenant, &self.template, &self.step];
        narrow.into_iter().all(Option::is_none) && self.pattern().is_none()
    }

    /// The ids of a page, and whether there are more.
    pub(super) async fn page<T: Tx>(
        &self,
        tx: &mut T,
        order: Order,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<(Vec<TaskId>, bool), OpError> {
        let limit_and_one = Val::from(limit.saturating_add(1));
        let id = Val::from(after.map(|key| key.id.as_str().to_owned()));
        let number = Val::from(after.map_or(0, |key| key.number));
        let at = Val::from(after.map_or(0, |key| key.at));
        let plain = self.is_plain() && order == Order::Priority;
        let (sql, params) = match self.statuses.as_slice() {
            [only] if plain => (PLAIN, vec![(*only).into(), id, number, at, limit_and_one]),
            _ => {
                let list = Val::from(self.list());
                let filters = [
                    self.assignee.as_ref().into(),
                    self.tenant.as_ref().into(),
                    self.pattern().into(),
                    self.template.as_ref().into(),
                    self.step.as_ref().into(),
                ];
                let mut params = vec![list];
                params.extend(filters);
                params.push(id);
                match order {
                    Order::Priority | Order::PriorityAscending => params.extend([number, at]),
                    Order::Created | Order::CreatedDescending | Order::Updated => params.push(at),
                    Order::Title => params.push(after.map_or("", |key| key.text.as_str()).into()),
                }
                params.push(limit_and_one);
                (order.sql(), params)
            }
        };
        let mut rows = tx.query(sql, &params).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let ids = rows.into_iter().map(|mut row| row.parse()).collect::<Result<_, _>>()?;
        Ok((ids, more))
    }

    /// How many tasks of each status there are.
    pub(super) async fn counts<T: Tx>(&self, tx: &mut T) -> Result<Vec<(Status, u32)>, OpError> {
        let rows = if self.is_plain() {
            tx.query("select status, count(*) from tasks group by status", &[]).await?
        } else {
            tx.query(
                "select status, count(*) from tasks where (cast($1 as text) is null or coalesce(assignee, '') = $1) \
                 and (cast($2 as text) is null or tenant = $2) and (cast($3 as text) is null or lower(title) like $3 escape '\\' \
                 or id like $3 escape '\\' or lower(coalesce(body, '')) like $3 escape '\\' \
                 or lower(coalesce(block_reason, '')) like $3 escape '\\') \
                 and (cast($4 as text) is null or workflow_template_id = $4) and (cast($5 as text) is null or step_key = $5) \
                 group by status",
                vals![
                    self.assignee.as_ref(),
                    self.tenant.as_ref(),
                    self.pattern(),
                    self.template.as_ref(),
                    self.step.as_ref()
                ],
            )
            .await?
        };
        rows.into_iter().map(|mut row| Ok((row.parse()?, row.count()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_searched_text_is_itself_and_no_pattern() {
        let wanted = Wanted { text: Some(" 50%_Done\\ ".to_owned()), ..Wanted::default() };
        assert_eq!(wanted.pattern().unwrap(), "%50\\%\\_done\\\\%");
        assert_eq!(Wanted { text: Some("  ".to_owned()), ..Wanted::default() }.pattern(), None);
    }

    #[test]
    fn archived_tasks_are_wanted_only_where_they_are_named() {
        let wanted = Wanted::default();
        assert!(wanted.has(Status::Done) && !wanted.has(Status::Archived));
        assert!(!wanted.list().contains("archived"));
        let wanted = Wanted { statuses: vec![Status::Archived], ..wanted };
        assert_eq!(wanted.list(), ",archived,");
    }
}
