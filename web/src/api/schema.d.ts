// Generated from docs/openapi.json by `npm run types`. Do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What a person can do about a finding. */
        Action: {
            /** @description Which kind. */
            kind: components["schemas"]["ActionKind"];
            /** @description What it does, in words. */
            label: string;
            /** @description A command of `andon`. */
            command: string;
            /** @description Whether it is the first thing to try. */
            suggested: boolean;
        };
        /**
         * @description What an action is, for a program that offers it as a button.
         * @enum {string}
         */
        ActionKind: "comment" | "reassign" | "reclaim" | "command";
        /** @description Approves a task in review. */
        Approve: {
            /** @description In words. */
            summary?: string | null;
        };
        /** @description Puts a task away. */
        Archive: {
            /** @description Whether unfinished tasks that wait for it go on without it. */
            release?: boolean | null;
        };
        /** @description Gives a task to somebody. */
        Assign: {
            assignee?: components["schemas"]["ProfileName"] | null;
            /** @description Take a running one back first, for this reason. */
            reclaim?: string | null;
        };
        /** @description Who can be given work, or has some. */
        Assignee: {
            /** @description The profile. */
            name: string;
            /**
             * Format: int32
             * @description How many tasks it has, archived ones left out.
             */
            tasks: number;
            /** @description Whether there is such a profile. */
            on_disk: boolean;
        };
        /** @description Who can be given work, or has some. */
        Assignees: {
            /** @description By name. */
            assignees: components["schemas"]["Assignee"][];
        };
        /** @description A file of a task. */
        Attachment: {
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description Its name: untrusted text. */
            name: string;
            /** @description Its media type, as its name tells. */
            content_type?: string | null;
            /**
             * Format: int64
             * @description Bytes.
             */
            size: number;
            /** @description Its checksum. */
            sha256: string;
            /** @description The run that declared it. */
            run_id?: string | null;
            /** @description Who added it. */
            added_by: string;
            /** @description When. */
            created_at: components["schemas"]["Time"];
        };
        /** @description The files of a task. */
        Attachments: {
            /** @description The files. */
            attachments: components["schemas"]["Attachment"][];
        };
        /** @description A task that needs a person. */
        Attention: {
            /** @description Why. */
            need: components["schemas"]["Need"];
            /** @description On which board. */
            board: components["schemas"]["BoardSlug"];
            /** @description The task. */
            task: components["schemas"]["Card"];
            /** @description The question or cause, in full. */
            reason?: string | null;
            /** @description Since when. */
            since: components["schemas"]["Time"];
            /** @description What is wrong with it, the worst first. */
            diagnostics: components["schemas"]["Diagnostic"][];
        };
        /** @description What needs a person, the most urgent first. */
        AttentionList: {
            /** @description The tasks, each once. */
            items: components["schemas"]["Attention"][];
            /** @description Whether there are more than are given. */
            truncated: boolean;
            /** @description The cursor of the next page, where there is one. */
            next?: string | null;
        };
        /** @description Blocks a task. */
        Block: {
            /** @description The question or cause. */
            reason: string;
            kind?: components["schemas"]["BlockRequest"] | null;
            on?: components["schemas"]["TaskId"] | null;
        };
        /**
         * @description Why a task is blocked.
         * @enum {string}
         */
        BlockKind: "needs_input" | "capability" | "transient" | "operator" | "recurring" | "gave_up";
        /**
         * @description How a task is to be blocked: until somebody lets it go on, or behind a parent.
         * @enum {string}
         */
        BlockRequest: "needs_input" | "capability" | "transient" | "operator" | "dependency";
        /** @description A board. */
        Board: {
            /** @description Its name in paths. */
            slug: components["schemas"]["BoardSlug"];
            /** @description The name that people see. */
            name?: string | null;
            /** @description What it is for. */
            description?: string | null;
            /** @description A sign for it. */
            icon?: string | null;
            /** @description Its colour. */
            color?: string | null;
            /** @description The directory of `dir` and `worktree` tasks that name none. */
            default_workdir?: string | null;
            /** @description Who reviews where neither task nor profile says. */
            reviewer?: string | null;
            /** @description When it was created, RFC 3339. */
            created_at?: string | null;
            /** @description Whether it is meant where none is named. */
            is_current: boolean;
            /** @description Tasks by status. */
            counts: {
                [key: string]: number;
            };
            /**
             * Format: int32
             * @description Tasks in all.
             */
            total: number;
            /** @description Why it cannot be read. */
            problem?: string | null;
        };
        /** @description Changes of what a board says of itself; `null` clears, what is left out stays. */
        BoardChanges: {
            /** @description The name that people see. */
            name?: string | null;
            /** @description What it is for. */
            description?: string | null;
            /** @description A sign for it. */
            icon?: string | null;
            /** @description Its colour. */
            color?: string | null;
            /** @description An absolute path. */
            default_workdir?: string | null;
            /** @description A profile, or `person`. */
            reviewer?: string | null;
        };
        /** @description A board's name in paths. */
        BoardSlug: string;
        /** @description The boards of the home. */
        Boards: {
            /** @description The boards, `default` first. */
            boards: components["schemas"]["Board"][];
            current?: components["schemas"]["BoardSlug"] | null;
        };
        /** @description A profile whose file cannot be used. */
        BrokenProfile: {
            /** @description Its name. */
            name: string;
            /** @description What is wrong with its file. */
            problem: string;
        };
        /** @description One action on several tasks, each by itself. */
        Bulk: {
            /** @description Which tasks, at most 500. */
            ids: string[];
            /** @description What is done to each. */
            action: components["schemas"]["BulkAction"];
        };
        /** @description What is done to each of several tasks. */
        BulkAction: {
            /** @enum {string} */
            verb: "complete";
            /** @description The short result; the summary where there is none. */
            result?: string | null;
            /** @description What was done, for whoever goes on with it. */
            summary?: string | null;
            /** @description The same as data: an object. */
            metadata?: Record<string, never> | null;
            /** @description Tasks that the worker says it created. */
            created_cards?: string[];
        } | {
            /** @enum {string} */
            verb: "block";
            /** @description The question or cause. */
            reason: string;
            kind?: components["schemas"]["BlockRequest"] | null;
            on?: components["schemas"]["TaskId"] | null;
        } | {
            /** @enum {string} */
            verb: "unblock";
            /** @description The answer; becomes a comment. */
            reason?: string | null;
            /** @description The next run starts a new session, instead of going on with the last one's. */
            fresh?: boolean;
        } | {
            /** @enum {string} */
            verb: "promote";
            /** @description Why; becomes a comment. */
            reason?: string | null;
            /** @description Over open parents. */
            force?: boolean;
            /** @description The next run starts a new session. */
            fresh?: boolean;
        } | {
            /** @enum {string} */
            verb: "hold";
            /** @description Why; becomes a comment. */
            reason?: string | null;
        } | {
            /** @enum {string} */
            verb: "triage";
            /** @description Why; becomes a comment where it is not blank. */
            reason?: string | null;
        } | {
            /** @enum {string} */
            verb: "specify";
            /** @description Its title from now on. */
            title?: string | null;
            /** @description Its specification. */
            body?: string | null;
            assignee?: components["schemas"]["ProfileName"] | null;
        } | {
            /** @enum {string} */
            verb: "assign";
            assignee?: components["schemas"]["ProfileName"] | null;
            /** @description Take a running one back first, for this reason. */
            reclaim?: string | null;
        } | {
            /** @enum {string} */
            verb: "archive";
            /** @description Whether unfinished tasks that wait for it go on without it. */
            release?: boolean | null;
        } | {
            /** @enum {string} */
            verb: "reopen";
        } | {
            /** @enum {string} */
            verb: "stop";
            /** @description Why. */
            reason?: string | null;
        } | {
            /** @enum {string} */
            verb: "reclaim";
            /** @description Why. */
            reason?: string | null;
        } | {
            /** @enum {string} */
            verb: "schedule";
            at?: components["schemas"]["Time"] | null;
            /** @description Why. */
            reason?: string | null;
        } | {
            /** @enum {string} */
            verb: "approve";
            /** @description In words. */
            summary?: string | null;
        } | {
            /** @enum {string} */
            verb: "request_changes";
            /** @description What to change; also a comment. */
            reason: string;
        } | {
            /** @enum {string} */
            verb: "reset_failures";
        } | {
            /** @enum {string} */
            verb: "edit";
            /** @description One line. */
            title?: string | null;
            /** @description The specification. */
            body?: string | null;
            /**
             * Format: int64
             * @description Higher goes first.
             */
            priority?: number | null;
            /** @description A name space inside the board. */
            tenant?: string | null;
            assignee?: components["schemas"]["ProfileName"] | null;
            reviewer?: components["schemas"]["ProfileName"] | null;
            /** @description The model that its runs use. */
            model?: string | null;
            /** @description Its skills from now on. */
            skills?: string[] | null;
            /** @description The labels that its host must have from now on. */
            requires?: string[] | null;
            /**
             * Format: int64
             * @description Longest run, milliseconds.
             */
            max_runtime?: number | null;
            /**
             * Format: int32
             * @description Failures in a row at which it is given up.
             */
            max_retries?: number | null;
            workspace?: components["schemas"]["Workspace"] | null;
            /** @description The branch of its worktree. */
            branch?: string | null;
            /** @description Judge its runs turn by turn. */
            goal_mode?: boolean | null;
            /**
             * Format: int64
             * @description Turns of the goal mode.
             */
            goal_max_turns?: number | null;
            /** @description The result of a finished task. */
            result?: string | null;
            /** @description The handoff of a finished task. */
            summary?: string | null;
            /** @description The same as data: an object. */
            metadata?: Record<string, never> | null;
        } | {
            /** @enum {string} */
            verb: "delete";
            /** @description Whether unfinished tasks that wait for it go on without it. */
            release?: boolean | null;
        };
        /** @description What became of one task. */
        BulkResult: {
            /** @description Which. */
            id: string;
            /** @description Whether it was done. */
            ok: boolean;
            task?: components["schemas"]["Task"] | null;
            problem?: components["schemas"]["Problem"] | null;
        };
        /** @description What became of each task. */
        BulkResults: {
            /** @description In the order in which they were named. */
            results: components["schemas"]["BulkResult"][];
        };
        /** @description What a card shows of a task. What is not there is left out. */
        Card: {
            /** @description Its id. */
            id: components["schemas"]["TaskId"];
            /** @description One line. */
            title: string;
            /** @description Where it stands. */
            status: components["schemas"]["Status"];
            /** @description Whether it is worked on or reviewed. */
            phase: components["schemas"]["Phase"];
            assignee?: components["schemas"]["ProfileName"] | null;
            reviewer?: components["schemas"]["ProfileName"] | null;
            /**
             * Format: int64
             * @description Higher goes first.
             */
            priority: number;
            /** @description A name space inside the board. */
            tenant?: string | null;
            block_kind?: components["schemas"]["BlockKind"] | null;
            /** @description The question or cause, at most 300 characters. */
            block_reason?: string | null;
            blocked_at?: components["schemas"]["Time"] | null;
            eligible_at?: components["schemas"]["Time"] | null;
            /** @description Why not. */
            eligible_reason?: string | null;
            scheduled_at?: components["schemas"]["Time"] | null;
            /** @description Whether it waits for a person's promote. */
            held: boolean;
            /**
             * Format: int32
             * @description Failures in a row.
             */
            consecutive_failures: number;
            current_run_id?: components["schemas"]["RunId"] | null;
            run_started_at?: components["schemas"]["Time"] | null;
            progress_at?: components["schemas"]["Time"] | null;
            /** @description What it said, at most 200 characters. */
            progress_note?: string | null;
            /**
             * Format: int32
             * @description Tasks that it waits for or waited for.
             */
            parents: number;
            /**
             * Format: int32
             * @description Those of them that are not finished.
             */
            open_parents: number;
            /**
             * Format: int32
             * @description Tasks that wait for it or waited for it.
             */
            children: number;
            /**
             * Format: int32
             * @description Those of them that are finished.
             */
            children_done: number;
            /**
             * Format: int32
             * @description Comments.
             */
            comments: number;
            /**
             * Format: int32
             * @description Files.
             */
            attachments: number;
            /**
             * Format: int32
             * @description Runs.
             */
            runs: number;
            /**
             * Format: double
             * @description What its runs cost together, dollars.
             */
            cost_usd?: number | null;
            /** @description What it handed over last, at most 200 characters. */
            latest_summary?: string | null;
            /** @description How the last failure ended, at most 200 characters. */
            last_failure_error?: string | null;
            /** @description What kind of directory its runs work in. */
            workspace_kind: components["schemas"]["WorkspaceKind"];
            /** @description Who created it. */
            created_by: string;
            /** @description When. */
            created_at: components["schemas"]["Time"];
            /** @description When it last changed. */
            updated_at: components["schemas"]["Time"];
            started_at?: components["schemas"]["Time"] | null;
            completed_at?: components["schemas"]["Time"] | null;
        };
        /** @description A page of cards. */
        Cards: {
            /** @description The cards. */
            cards: components["schemas"]["Card"][];
            /** @description The `cursor` of the next page; none at the end. */
            next?: string | null;
        };
        /** @description A file that a task's worktree changes. */
        ChangedFile: {
            /** @description Its path in the repository: untrusted text. */
            path: string;
            /**
             * Format: int64
             * @description Lines that are new; none where it is no text.
             */
            added?: number | null;
            /**
             * Format: int64
             * @description Lines that are gone; none where it is no text.
             */
            removed?: number | null;
            /** @description Whether git does not know it yet: its content is not in the patch. */
            untracked: boolean;
        };
        /** @description A channel of the configuration. */
        Channel: {
            /** @description Its name. */
            name: string;
            /** @description `command`, `webhook`, `slack`, `discord` or `telegram`. */
            kind: string;
            /** @description Whether it is told on every board of what needs a person. */
            home: boolean;
            /** @description Whether it can be used. */
            ready: boolean;
            /** @description Why not; never with a secret. */
            problem?: string | null;
        };
        /** @description The channels of the configuration. */
        Channels: {
            /** @description By name. */
            channels: components["schemas"]["Channel"][];
        };
        /** @description Takes a task by hand, as a person or an outside terminal does. */
        Claim: {
            /**
             * Format: int64
             * @description How long without a heartbeat, milliseconds; as configured where it is left out.
             */
            ttl?: number | null;
            /** @description Although its profile cools down after a rate limit. */
            force?: boolean;
        };
        /** @description Takes the next task of a profile by hand. */
        ClaimNext: {
            /** @description Of which profile. */
            profile: components["schemas"]["ProfileName"];
            /**
             * Format: int64
             * @description How long without a heartbeat, milliseconds; as configured where it is left out.
             */
            ttl?: number | null;
            /** @description Although its profile cools down after a rate limit. */
            force?: boolean;
        };
        /** @description A task that was taken by hand. */
        Claimed: {
            /** @description The task. */
            task: components["schemas"]["Task"];
            /** @description Its run. */
            run: components["schemas"]["ClaimedRun"];
            /** @description The directory to work in, on the host that answered; none where it could not be made. */
            workspace?: string | null;
        };
        /** @description The run of a claim. */
        ClaimedRun: {
            /** @description Its id. */
            id: components["schemas"]["RunId"];
            /** @description Its secret: `Authorization: Bearer <id>.<token>` acts for it. Shown this once. */
            token: string;
            /** @description When the claim ends without a heartbeat. */
            expires_at: components["schemas"]["Time"];
        };
        /** @description What clears a reason. */
        Clear: {
            /** @description A command of `andon`. What stands in `<…>` is for the person to fill in. */
            command: string;
        };
        /** @description One column of a board. */
        Column: {
            /** @description Of which status. */
            status: components["schemas"]["Status"];
            /**
             * Format: int32
             * @description How many tasks it has in all.
             */
            count: number;
            /** @description The first of them. */
            cards: components["schemas"]["Card"][];
            /** @description The `cursor` of `cards?status=…` for those that follow; none where these are all. */
            next?: string | null;
        };
        /** @description A board at one moment. */
        Columns: {
            /** @description Which. */
            board: components["schemas"]["BoardSlug"];
            /** @description The columns, in the order in which work moves. */
            columns: components["schemas"]["Column"][];
            /** @description The tenants that its tasks have. */
            tenants: string[];
            /** @description Who has tasks. */
            assignees: components["schemas"]["Assignee"][];
            /** @description The cords that are pulled. */
            paused: components["schemas"]["Pause"][];
            /** @description The place of this moment in the event stream. */
            cursor: string;
            /** @description The board's time. */
            now: components["schemas"]["Time"];
        };
        /** @description A comment. */
        Comment: {
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description Who, by token or profile. */
            author: string;
            /** @description `person`, `worker` or `system`. */
            author_kind: string;
            /** @description The worker's run. */
            run_id?: string | null;
            /** @description What: untrusted text. */
            body: string;
            /** @description When. */
            created_at: components["schemas"]["Time"];
        };
        /** @description The newest comments of a task, oldest of them first. */
        Comments: {
            /** @description The comments. */
            comments: components["schemas"]["Comment"][];
            /**
             * Format: int32
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description Completes a task. */
        Complete: {
            /** @description The short result; the summary where there is none. */
            result?: string | null;
            /** @description What was done, for whoever goes on with it. */
            summary?: string | null;
            /** @description The same as data: an object. */
            metadata?: Record<string, never> | null;
            /** @description Tasks that the worker says it created. */
            created_cards?: string[];
        };
        /** @description What runs of a profile consumed. */
        Consumed: components["schemas"]["Consumption"] & {
            profile?: components["schemas"]["ProfileName"] | null;
            /**
             * Format: int32
             * @description Runs that said so.
             */
            runs: number;
        };
        /** @description What was consumed; what nobody told is not there. */
        Consumption: {
            /**
             * Format: int64
             * @description Tokens read.
             */
            input_tokens?: number | null;
            /**
             * Format: int64
             * @description Tokens written.
             */
            output_tokens?: number | null;
            /**
             * Format: int64
             * @description Tokens read from a cache.
             */
            cached_tokens?: number | null;
            /**
             * Format: double
             * @description Dollars.
             */
            cost_usd?: number | null;
        };
        /** @description A profile that cools down after a rate limit. */
        Cooldown: {
            /** @description Which. */
            profile: components["schemas"]["ProfileName"];
            /** @description Until when. */
            until: components["schemas"]["Time"];
            /**
             * Format: int32
             * @description Rate limits in a row.
             */
            step: number;
        };
        /** @description How the dashboard begins, until somebody chooses otherwise in their browser. */
        DashboardDefaults: {
            /** @description Boards show the tasks of this tenant alone. */
            default_tenant?: string | null;
            /** @description Running tasks stand in a lane for each profile. */
            lane_by_profile: boolean;
            /** @description Boards show archived tasks too. */
            include_archived: boolean;
            /** @description Texts are shown as Markdown. */
            render_markdown: boolean;
        };
        /** @description Splits an idea into tasks that it then waits for: all of them, or none. */
        Decompose: {
            /** @description Its title from now on. */
            title?: string | null;
            /** @description Its specification. */
            body?: string | null;
            assignee?: components["schemas"]["ProfileName"] | null;
            /** @description The tasks. */
            children: components["schemas"]["PlannedChild"][];
            /** @description They wait for a person's promote. */
            hold?: boolean;
        };
        /** @description What became of an idea. */
        Decomposed: {
            /** @description The task, which waits now. */
            task: components["schemas"]["Task"];
            /** @description Its parts, in the order of the plan. */
            child_ids: components["schemas"]["TaskId"][];
        };
        /** @description A task that is gone. */
        Deleted: {
            /** @description Which. */
            task_id: components["schemas"]["TaskId"];
            /** @description True. */
            deleted: boolean;
            /** @description What of its files stays, in words. */
            kept: string[];
        };
        /** @description How a profile is to be described. */
        DescribeProfile: {
            /** @description Also where a person has written a description. */
            overwrite?: boolean;
        };
        /** @description What became of a profile that a model was asked to describe. */
        DescribeResult: {
            /** @description Whether it is described now. */
            ok: boolean;
            /** @description Why not: a stable code, each with its page. */
            reason?: string | null;
            /** @description The same in words. */
            message?: string | null;
            /** @description The description as it is now. */
            description?: string | null;
            usage?: components["schemas"]["PlanUsage"] | null;
        };
        /** @description One finding. */
        Diagnostic: {
            /** @description What is wrong. */
            kind: components["schemas"]["DiagnosticKind"];
            /** @description How bad it is. */
            severity: components["schemas"]["Severity"];
            /** @description On one line. */
            title: string;
            /** @description In some sentences. */
            detail: string;
            /** @description What to do, the suggested first. */
            actions: components["schemas"]["Action"][];
            /** @description The first evidence. */
            first_seen_at: components["schemas"]["Time"];
            /** @description The last evidence. */
            last_seen_at: components["schemas"]["Time"];
            /**
             * Format: int32
             * @description How many pieces of evidence.
             */
            count: number;
            run_id?: components["schemas"]["RunId"] | null;
            /** @description The numbers behind it. */
            data: unknown;
        };
        /**
         * @description What is wrong.
         * @enum {string}
         */
        DiagnosticKind: "hallucinated_cards" | "prose_phantom_refs" | "repeated_failures" | "repeated_crashes" | "stuck_in_blocked" | "block_unblock_cycling" | "stranded_in_ready" | "invalid_task_skills" | "assignee_profile_not_found" | "planning_failed" | "stale_running_claim";
        /** @description What is wrong on a board. */
        Diagnostics: {
            /** @description The tasks, the worst first. */
            diagnostics: components["schemas"]["TaskFindings"][];
            /**
             * Format: int32
             * @description How many tasks.
             */
            count: number;
        };
        /** @description What a task's branch changes. */
        Diff: {
            /** @description The commit that it is compared with: where the branch left what is checked out in the repository. */
            base: string;
            /** @description The branch. */
            branch?: string | null;
            /** @description Whether the worktree is there: what is not committed is part of the comparison then. */
            live: boolean;
            /** @description The files. */
            files: components["schemas"]["ChangedFile"][];
            /** @description The changes as a unified patch: untrusted text, without control characters. */
            patch: string;
            /** @description Whether there is more than is given. */
            truncated: boolean;
        };
        /** @description A dispatcher of the board. */
        Dispatcher: {
            /** @description Its host. */
            host: string;
            /**
             * Format: int64
             * @description Its process.
             */
            pid: number;
            /** @description When it was last heard of. */
            last_seen: components["schemas"]["Time"];
        };
        /** @description A dependency. */
        Edge: {
            /** @description Who must finish first. */
            parent: components["schemas"]["TaskId"];
            /** @description Who waits. */
            child: components["schemas"]["TaskId"];
        };
        /** @description Nothing is to be said. */
        Empty: Record<string, never>;
        /** @description An event. */
        Event: {
            /**
             * Format: int64
             * @description Its number on the board.
             */
            number: number;
            /** @description About which task. */
            task_id?: string | null;
            /** @description Of which run. */
            run_id?: string | null;
            /** @description What happened. */
            kind: string;
            /** @description Who did it. */
            actor: string;
            /** @description Details. */
            payload: unknown;
            /** @description When. */
            created_at: components["schemas"]["Time"];
        };
        /** @description Events, oldest first. */
        Events: {
            /** @description The events. */
            events: components["schemas"]["Event"][];
            /** @description The place after them, `epoch-number`. */
            cursor: string;
            /** @description The board was restored since the place that was asked for: what the reader knows is void. */
            resync: boolean;
            /** @description Whether there are more. */
            more: boolean;
        };
        /** @description The findings of one task. */
        Findings: {
            /** @description The findings, the worst first. */
            diagnostics: components["schemas"]["Diagnostic"][];
        };
        /** @description Tasks with their dependencies. */
        Graph: {
            /** @description The tasks. */
            nodes: components["schemas"]["Node"][];
            /** @description The dependencies between them. */
            edges: components["schemas"]["Edge"][];
            /** @description Whether there are more tasks than are given. */
            truncated: boolean;
        };
        /** @description Says that a run makes progress. */
        Heartbeat: {
            /** @description What it does. */
            note?: string | null;
        };
        /** @description Keeps a task from starting until a promote. */
        Hold: {
            /** @description Why; becomes a comment. */
            reason?: string | null;
        };
        /** @description A host that dispatches. */
        Host: {
            /** @description Its name. */
            name: string;
            /** @description Whether it was heard of lately. */
            live: boolean;
            /** @description When it was last heard of. */
            last_seen: components["schemas"]["Time"];
            /** @description What it has. */
            labels: string[];
            /** @description What it can run. */
            profiles: string[];
            /**
             * Format: int32
             * @description Runs that it has places for.
             */
            capacity?: number | null;
            /**
             * Format: int32
             * @description Runs on it that may live.
             */
            running: number;
            /**
             * Format: int64
             * @description Its dispatcher's process.
             */
            pid: number;
        };
        /** @description The hosts that dispatch a board. */
        Hosts: {
            /** @description By name. */
            hosts: components["schemas"]["Host"][];
        };
        /** @description The right to execute a run. */
        Lease: {
            /** @description Of which run. */
            run_id: components["schemas"]["RunId"];
            /** @description When it runs out unless it is renewed. */
            expires_at: components["schemas"]["Time"];
            /** @description The host of its supervisor. */
            host?: string | null;
            /**
             * Format: int64
             * @description The supervisor's process.
             */
            pid?: number | null;
            progress_at?: components["schemas"]["Time"] | null;
            /** @description What it said. */
            progress_note?: string | null;
        };
        /** @description A piece of a log, as it is streamed. */
        LogChunk: {
            /**
             * Format: int64
             * @description Where it starts, in bytes.
             */
            offset: number;
            /** @description What was written: untrusted text, with the colours of a terminal. */
            text: string;
            /** @description The log was rotated: this is the start of a new one. */
            reset: boolean;
        };
        /** @description The end of a streamed log. */
        LogEnd: {
            outcome?: components["schemas"]["Outcome"] | null;
        };
        /** @description Who calls. */
        Me: {
            /** @description The name under which the caller acts. */
            name: string;
            /** @description `session`, `admin`, `read`, `board:<slug>` or `run`. */
            scope: string;
            board?: components["schemas"]["BoardSlug"] | null;
            run_id?: components["schemas"]["RunId"] | null;
            /** @description The version of Andon. */
            version: string;
        };
        /**
         * @description Why a task needs a person; in the order in which they are given.
         * @enum {string}
         */
        Need: "answer" | "review" | "rescue" | "look";
        /** @description A board to be created; one that is there stays as it is. */
        NewBoard: {
            /** @description Its name in paths. */
            slug: components["schemas"]["BoardSlug"];
            /** @description The name that people see. */
            name?: string | null;
            /** @description What it is for. */
            description?: string | null;
            /** @description A sign for it. */
            icon?: string | null;
            /** @description Its colour. */
            color?: string | null;
            /** @description An absolute path. */
            default_workdir?: string | null;
            /** @description A profile, or `person`. */
            reviewer?: string | null;
            /** @description Whether it is meant from now on where none is named. */
            switch?: boolean;
        };
        /** @description A comment to be made. Its author is the caller. */
        NewComment: {
            /** @description What. */
            body: string;
        };
        /** @description A dependency to be made. */
        NewLink: {
            /** @description Who must finish first. */
            parent: components["schemas"]["TaskId"];
            /** @description Who waits. */
            child: components["schemas"]["TaskId"];
        };
        /** @description A task to be created. */
        NewTask: {
            /** @description What is to be done, on one line. */
            title: string;
            /** @description The specification. */
            body?: string | null;
            assignee?: components["schemas"]["ProfileName"] | null;
            reviewer?: components["schemas"]["ProfileName"] | null;
            /** @description Tasks that must be finished first. */
            parents?: components["schemas"]["TaskId"][];
            /**
             * Format: int64
             * @description Higher goes first.
             */
            priority?: number;
            /** @description A name space inside the board. */
            tenant?: string | null;
            workspace_kind?: components["schemas"]["WorkspaceKind"] | null;
            /** @description An absolute path. */
            workspace_path?: string | null;
            /** @description The branch of its worktree. */
            branch?: string | null;
            /** @description The model that its runs use. */
            model?: string | null;
            /** @description Skills for its runs. */
            skills?: string[];
            /** @description Labels that its host must have. */
            requires?: string[];
            /**
             * Format: int64
             * @description Longest run, milliseconds; 0 ends it at once.
             */
            max_runtime?: number | null;
            /**
             * Format: int32
             * @description Failures in a row at which it is given up.
             */
            max_retries?: number | null;
            /** @description Creations with the same key make one task. */
            idempotency_key?: string | null;
            /** @description The session that it comes from. */
            session_id?: string | null;
            /** @description Judge its runs turn by turn until the goal is reached. */
            goal_mode?: boolean;
            /**
             * Format: int64
             * @description Turns of the goal mode.
             */
            goal_max_turns?: number | null;
            /** @description Start as an idea that somebody has yet to specify. */
            triage?: boolean;
            /** @description Start blocked, for this reason. */
            blocked?: string | null;
            at?: components["schemas"]["Time"] | null;
            /** @description Wait for a person's promote. */
            held?: boolean;
            /** @description Its step in a workflow. */
            step_key?: string | null;
            /** @description The workflow. */
            workflow_template_id?: string | null;
        };
        /** @description A token to be made. */
        NewToken: {
            /** @description The name under which its holder acts. */
            name: string;
            /** @description `read`, `board:<slug>` or `admin`. */
            scope: string;
            /**
             * Format: int32
             * @description Days until it ends by itself; never where it is left out.
             */
            expires_in_days?: number | null;
        };
        /** @description A task in the graph. */
        Node: {
            /** @description Its id. */
            id: components["schemas"]["TaskId"];
            /** @description One line. */
            title: string;
            /** @description Where it stands. */
            status: components["schemas"]["Status"];
            assignee?: components["schemas"]["ProfileName"] | null;
            /**
             * Format: int64
             * @description Higher goes first.
             */
            priority: number;
        };
        /**
         * @description How a run ended.
         * @enum {string}
         */
        Outcome: "completed" | "blocked" | "review_requested" | "approved" | "changes_requested" | "scheduled" | "spawn_failed" | "crashed" | "protocol_violation" | "timed_out" | "rate_limited" | "lost" | "stale" | "interrupted" | "reclaimed" | "cancelled" | "stood_down";
        /** @description A pulled cord. */
        Pause: {
            /** @description `everything`, `board` or `profile:<name>`. */
            scope: string;
            /** @description Who pulled it. */
            by: string;
            /** @description Why. */
            reason?: string | null;
            /** @description When. */
            at: components["schemas"]["Time"];
        };
        /** @description Pulls the cord over everything. */
        PauseAll: {
            /** @description Why. */
            reason?: string | null;
            /** @description Stop what runs, too; it stays blocked. */
            stop_running?: boolean;
        };
        /** @description Pulls the cord over a board, or over one profile on it. */
        PauseBoard: {
            profile?: components["schemas"]["ProfileName"] | null;
            /** @description Why. */
            reason?: string | null;
            /** @description Stop what runs, too; it stays blocked. */
            stop_running?: boolean;
        };
        /** @description What pulling a cord did. */
        Paused: {
            /** @description `everything`, `board` or `profile:<name>`. */
            paused: string;
            /** @description Whether it was not pulled yet. */
            new: boolean;
            /** @description The tasks that were stopped. */
            stopped: components["schemas"]["TaskId"][];
        };
        /**
         * @description Whether it is worked on or reviewed.
         * @enum {string}
         */
        Phase: "work" | "review";
        /** @description What became of an idea that a model was asked to plan. */
        PlanResult: {
            /** @description Whether it is work now. */
            ok: boolean;
            /** @description Why not: a stable code, each with its page. */
            reason?: string | null;
            /** @description The same in words. */
            message?: string | null;
            /** @description The task as it is now. */
            task: components["schemas"]["Task"];
            /**
             * Format: int32
             * @description How many parts it has.
             */
            fanout: number;
            /** @description Its parts. */
            child_ids: components["schemas"]["TaskId"][];
            usage?: components["schemas"]["PlanUsage"] | null;
        };
        /** @description What a call of a model cost. */
        PlanUsage: {
            /** @description The model. */
            model: string;
            /**
             * Format: int64
             * @description Tokens of the request.
             */
            input_tokens: number;
            /**
             * Format: int64
             * @description Tokens of the answer.
             */
            output_tokens: number;
            /**
             * Format: int64
             * @description Tokens of the request from the cache.
             */
            cached_tokens: number;
            /**
             * Format: double
             * @description Dollars, where the settings say what a token costs.
             */
            cost_usd?: number | null;
        };
        /** @description One task of a plan. */
        PlannedChild: {
            /** @description What is to be done, on one line. */
            title: string;
            /** @description Its specification. */
            body?: string | null;
            assignee?: components["schemas"]["ProfileName"] | null;
            /** @description What it waits for, by position in the plan, from 0. */
            parents?: number[];
        };
        /** @description A problem (`application/problem+json`). */
        Problem: {
            /** @description `/errors/` and the code: the page that says what it means, on the server that answered. */
            type: string;
            /** @description What the status means, in words. */
            title: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What happened, naming the offending value. */
            detail: string;
            /** @description The stable code: of the board, of the database, or of the API itself. */
            code: string;
            /** @description The way out. */
            hint?: string | null;
        };
        /** @description A process of a run. */
        Process: {
            /**
             * Format: int32
             * @description Its number.
             */
            pid: number;
            /**
             * Format: int32
             * @description Its parent's.
             */
            parent: number;
            /** @description The name of its program: untrusted text. */
            name: string;
            /** @description What it does, in one letter, as the system has it: `R` runs, `S` and `D` wait, `T` is stopped, `Z` has ended. */
            state: string;
            /** @description When it started. */
            started_at: components["schemas"]["Time"];
            /**
             * Format: int32
             * @description Threads.
             */
            threads: number;
            /**
             * Format: int64
             * @description Memory that is resident, bytes.
             */
            memory_bytes: number;
            /**
             * Format: int64
             * @description Memory that it has addresses for, bytes.
             */
            virtual_bytes: number;
            /**
             * Format: int32
             * @description Open files, sockets and pipes; none where the server may not count them.
             */
            descriptors?: number | null;
            /**
             * Format: int64
             * @description Processor time so far, milliseconds.
             */
            cpu_millis: number;
        };
        /** @description Who can be given work. */
        Profile: {
            /** @description Its name. */
            name: components["schemas"]["ProfileName"];
            /** @description What it is good at. */
            description?: string | null;
            /** @description Whether a model wrote the description. */
            description_auto: boolean;
            /** @description How its runs are started. */
            runner?: string | null;
            /** @description Whether it is never started: work is claimed by hand. */
            lane: boolean;
            /** @description The model that its runs use. */
            model?: string | null;
            /**
             * Format: int32
             * @description Runs that it may have at once.
             */
            max_running?: number | null;
            /**
             * Format: int64
             * @description Longest run, milliseconds.
             */
            max_runtime?: number | null;
            /** @description Who reviews its work. */
            reviewer?: string | null;
            /** @description Its skills. */
            skills: string[];
            /** @description How its runs end well: `exit` or `protocol`. */
            ends_by: string;
            /** @description Whether its workers may pull the cord. */
            may_pause: boolean;
        };
        /** @description Changes of a profile; `null` clears, what is left out stays. */
        ProfileChanges: {
            /** @description What it is good at. */
            description?: string | null;
            /** @description The model that its runs use. */
            model?: string | null;
            /**
             * Format: int32
             * @description Runs that it may have at once.
             */
            max_running?: number | null;
        };
        /** @description A profile's name. */
        ProfileName: string;
        /** @description The profiles of the home. */
        Profiles: {
            /** @description Those that can be given work, by name. */
            profiles: components["schemas"]["Profile"][];
            /** @description Those that cannot be used. */
            broken: components["schemas"]["BrokenProfile"][];
        };
        /** @description Wants a task now. */
        Promote: {
            /** @description Why; becomes a comment. */
            reason?: string | null;
            /** @description Over open parents. */
            force?: boolean;
            /** @description The next run starts a new session. */
            fresh?: boolean;
        };
        /** @description One thing that keeps a task from running. */
        Reason: {
            /** @description Stable code. */
            code: string;
            /** @description What it is, in words. */
            message: string;
            until?: components["schemas"]["Time"] | null;
            clear?: components["schemas"]["Clear"] | null;
        };
        /** @description Everything that keeps a task from running, in order. */
        Reasons: {
            /** @description The reasons. */
            reasons: components["schemas"]["Reason"][];
        };
        /** @description What the slow look at a board found. */
        Recomputed: {
            /** @description Tasks that waited though nothing held them, and go on now. */
            promoted: components["schemas"]["TaskId"][];
            /**
             * Format: int32
             * @description How many: each is a defect.
             */
            defects: number;
        };
        /** @description Requests changes to a task in review. */
        RequestChanges: {
            /** @description What to change; also a comment. */
            reason: string;
        };
        /** @description Asks for a review. */
        RequestReview: {
            /** @description What was done. */
            summary?: string | null;
            /** @description The same as data: an object. */
            metadata?: Record<string, never> | null;
        };
        /** @description Lets the cord of a board or of one profile on it go. */
        ResumeBoard: {
            profile?: components["schemas"]["ProfileName"] | null;
        };
        /** @description What letting a cord go did. */
        Resumed: {
            /** @description `everything`, `board` or `profile:<name>`. */
            resumed: string;
            /** @description Whether it was pulled. */
            was_paused: boolean;
        };
        /** @description How a subscription is tried again. */
        Retry: {
            /** @description Leave out the message that could not be delivered. */
            skip?: boolean;
        };
        /** @description One attempt at a task. */
        Run: components["schemas"]["Consumption"] & {
            /** @description Its id. */
            id: components["schemas"]["RunId"];
            /** @description Of which task. */
            task_id: components["schemas"]["TaskId"];
            /**
             * Format: int32
             * @description The number of the attempt, from 1.
             */
            attempt: number;
            /** @description Work or review. */
            kind: components["schemas"]["Phase"];
            outcome?: components["schemas"]["Outcome"] | null;
            profile?: components["schemas"]["ProfileName"] | null;
            /** @description On which host. */
            host?: string | null;
            /** @description Whether it was claimed by hand. */
            by_hand: boolean;
            /** @description When it was claimed. */
            started_at: components["schemas"]["Time"];
            spawned_at?: components["schemas"]["Time"] | null;
            ended_at?: components["schemas"]["Time"] | null;
            reaped_at?: components["schemas"]["Time"] | null;
            /**
             * Format: int64
             * @description Exit code.
             */
            exit_code?: number | null;
            /**
             * Format: int64
             * @description Signal.
             */
            signal?: number | null;
            /** @description What it handed over. */
            summary?: string | null;
            /** @description The same as data. */
            metadata: unknown;
            /** @description Why it failed. */
            error?: string | null;
            /** @description Where it worked. */
            workspace_path?: string | null;
            /** @description The session of its agent. */
            session?: string | null;
            /** @description The model that it used. */
            model?: string | null;
        };
        /** @description A run's id: a ULID. */
        RunId: string;
        /** @description What the processes of a run are doing. */
        RunProcesses: {
            /** @description Which run. */
            run_id: components["schemas"]["RunId"];
            /** @description Whether its supervisor lives. None where only another host knows. */
            alive?: boolean | null;
            /** @description Why nothing more is told. */
            reason?: string | null;
            /** @description The host of its supervisor. */
            host?: string | null;
            /**
             * Format: int64
             * @description Its supervisor.
             */
            pid?: number | null;
            /**
             * Format: int32
             * @description Processes, the supervisor among them.
             */
            processes?: number | null;
            /**
             * Format: int32
             * @description Threads.
             */
            threads?: number | null;
            /**
             * Format: int64
             * @description Memory that is resident, bytes.
             */
            memory_bytes?: number | null;
            /**
             * Format: int64
             * @description Processor time so far, milliseconds.
             */
            cpu_millis?: number | null;
            /**
             * Format: int32
             * @description The same as a share of the time since it started, percent of one core; over 100 where several were at work.
             */
            cpu_percent?: number | null;
            /**
             * Format: int32
             * @description Open files, sockets and pipes.
             */
            descriptors?: number | null;
            /** @description The processes one by one, by number; at most 256. */
            tree: components["schemas"]["Process"][];
        };
        /** @description How many runs of a profile may live. */
        Running: {
            profile?: components["schemas"]["ProfileName"] | null;
            /**
             * Format: int32
             * @description How many.
             */
            count: number;
        };
        /** @description A page of runs. */
        Runs: {
            /** @description The runs. */
            runs: components["schemas"]["Run"][];
            /** @description `before` of the next page; none at the end. */
            next?: string | null;
        };
        /** @description Puts a task off. */
        Schedule: {
            at?: components["schemas"]["Time"] | null;
            /** @description Why. */
            reason?: string | null;
        };
        /** @description What is configured, as far as people who look at boards need it. Lengths of time are milliseconds. */
        Settings: {
            /** @description The version of Andon. */
            version: string;
            default_assignee?: components["schemas"]["ProfileName"] | null;
            orchestrator?: components["schemas"]["ProfileName"] | null;
            resolved_orchestrator?: components["schemas"]["ProfileName"] | null;
            /** @description Whether ideas are planned by a model as they come. */
            auto_decompose: boolean;
            /** @description Whether the parts of an idea that a model has split start by themselves; else they are held. */
            auto_promote_children: boolean;
            /** @description The model that plans; none where none is set up. */
            planner_model?: string | null;
            /** @description Who reviews where neither task, profile nor board says: a profile or `person`. */
            reviewer: string;
            /**
             * Format: int32
             * @description Runs that a board may have at once.
             */
            max_running?: number | null;
            /**
             * Format: int32
             * @description Runs that a profile may have at once on a board.
             */
            max_running_per_profile?: number | null;
            /**
             * Format: int32
             * @description Runs that this host may have at once.
             */
            max_running_per_host?: number | null;
            /**
             * Format: int32
             * @description Failures in a row at which a task is given up.
             */
            failure_limit: number;
            /**
             * Format: int64
             * @description A block of this age counts as forgotten.
             */
            blocked_stale_after: number;
            /**
             * Format: int64
             * @description A ready task of this age counts as stranded.
             */
            stranded_after: number;
            /** @description Where the boards are: `sqlite` or `postgres`. */
            engine: string;
            /**
             * Format: int64
             * @description Most bytes of an attachment.
             */
            attachment_limit: number;
            /** @description Whether `pause` over everything is in force. */
            paused_everything: boolean;
            /** @description How the dashboard begins for a browser that has chosen nothing yet. */
            dashboard: components["schemas"]["DashboardDefaults"];
        };
        /** @description Changes of what is configured, written to `config.toml`; `null` goes back to the default, what is left out stays. */
        SettingsChanges: {
            default_assignee?: components["schemas"]["ProfileName"] | null;
            orchestrator?: components["schemas"]["ProfileName"] | null;
            /** @description Whether ideas are planned by a model as they come. */
            auto_decompose?: boolean | null;
            /** @description Whether the parts of an idea that a model has split start by themselves. */
            auto_promote_children?: boolean | null;
            /** @description Who reviews where neither task, profile nor board says: a profile or `person`. */
            reviewer?: string | null;
            /**
             * Format: int32
             * @description Runs that a board may have at once.
             */
            max_running?: number | null;
            /**
             * Format: int32
             * @description Runs that a profile may have at once on a board.
             */
            max_running_per_profile?: number | null;
            /**
             * Format: int32
             * @description Runs that this host may have at once.
             */
            max_running_per_host?: number | null;
            /**
             * Format: int32
             * @description Failures in a row at which a task is given up.
             */
            failure_limit?: number | null;
        };
        /**
         * @description How bad a finding is, ascending.
         * @enum {string}
         */
        Severity: "warning" | "error" | "critical";
        /** @description Everything about a task. */
        Shown: {
            /** @description The task. */
            task: components["schemas"]["Task"];
            /** @description Whom it waits for. */
            parents: components["schemas"]["TaskRef"][];
            /** @description Who waits for it. */
            children: components["schemas"]["TaskRef"][];
            /** @description Its newest comments, oldest of them first. */
            comments: components["schemas"]["Comment"][];
            /**
             * Format: int32
             * @description Comments in all.
             */
            comment_count: number;
            /** @description Its newest events, oldest of them first. */
            events: components["schemas"]["Event"][];
            /** @description Its runs, oldest first. */
            runs: components["schemas"]["Run"][];
            /** @description Its files. */
            attachments: components["schemas"]["Attachment"][];
            /** @description What it handed over last. */
            latest_summary?: string | null;
            /** @description What is wrong with it. */
            diagnostics: components["schemas"]["Diagnostic"][];
            /** @description What keeps it from running. */
            why: components["schemas"]["Reason"][];
            lease?: components["schemas"]["Lease"] | null;
            last_outcome?: components["schemas"]["Outcome"] | null;
        };
        /** @description Turns an idea into work. */
        Specify: {
            /** @description Its title from now on. */
            title?: string | null;
            /** @description Its specification. */
            body?: string | null;
            assignee?: components["schemas"]["ProfileName"] | null;
        };
        /** @description The counts of a board. */
        Stats: {
            /** @description Tasks by status. */
            by_status: {
                [key: string]: number;
            };
            /** @description Tasks by assignee and status, archived ones left out. */
            by_assignee: {
                [key: string]: {
                    [key: string]: number;
                };
            };
            /**
             * Format: int64
             * @description How long the oldest ready task has been there, seconds.
             */
            oldest_ready_age_seconds?: number | null;
            /** @description Ended runs by outcome. */
            runs_by_outcome: {
                [key: string]: number;
            };
            /** @description What runs consumed, by profile. */
            consumed: components["schemas"]["Consumed"][];
            /** @description Runs that may live, by profile. */
            running: components["schemas"]["Running"][];
            /** @description The cords that are pulled. */
            paused: components["schemas"]["Pause"][];
            /** @description Profiles that cool down. */
            cooling_down: components["schemas"]["Cooldown"][];
            /** @description Who dispatches. */
            dispatchers: components["schemas"]["Dispatcher"][];
            /** @description The board's time. */
            now: components["schemas"]["Time"];
        };
        /**
         * @description Where a task stands.
         * @enum {string}
         */
        Status: "triage" | "todo" | "scheduled" | "ready" | "running" | "review" | "blocked" | "done" | "archived";
        /** @description Stops or takes back a run. */
        Stop: {
            /** @description Why. */
            reason?: string | null;
        };
        /** @description What a channel is to be told of. */
        Subscribe: {
            /** @description Kinds of events, `attention` or `all`; empty for the usual. Left out, it stays as it is. */
            kinds?: string[] | null;
        };
        /** @description A channel, and whether it is told of a task or of a board as a whole. */
        Subscription: {
            /** @description The channel. */
            channel: string;
            /** @description Its kind; none where the configuration does not know it any more. */
            kind?: string | null;
            /** @description Whether the channel can be used. */
            ready: boolean;
            task?: components["schemas"]["TaskId"] | null;
            /** @description Whether it is subscribed: active or suspended. */
            subscribed: boolean;
            state?: components["schemas"]["SubscriptionState"] | null;
            /** @description Whether the configuration made it. */
            home: boolean;
            /** @description What it is told of: kinds of events, `attention` or `all`; empty for the usual. */
            kinds: string[];
            /**
             * Format: int32
             * @description Failures in a row.
             */
            failures: number;
            /** @description The words of the last one. */
            last_error?: string | null;
            retry_at?: components["schemas"]["Time"] | null;
            told_at?: components["schemas"]["Time"] | null;
            /** @description Who made it. */
            created_by?: string | null;
            created_at?: components["schemas"]["Time"] | null;
        };
        /**
         * @description Whether a subscription is told anything.
         * @enum {string}
         */
        SubscriptionState: "active" | "suspended" | "off";
        /** @description Each channel of the configuration, and what else is subscribed. */
        Subscriptions: {
            /** @description By channel. */
            subscriptions: components["schemas"]["Subscription"][];
        };
        /** @description A task. */
        Task: {
            /** @description Its id. */
            id: components["schemas"]["TaskId"];
            /** @description One line. */
            title: string;
            /** @description The specification. */
            body?: string | null;
            /** @description Where it stands. */
            status: components["schemas"]["Status"];
            /** @description Whether it is worked on or reviewed. */
            phase: components["schemas"]["Phase"];
            assignee?: components["schemas"]["ProfileName"] | null;
            reviewer?: components["schemas"]["ProfileName"] | null;
            /**
             * Format: int64
             * @description Higher goes first.
             */
            priority: number;
            /** @description A name space inside the board. */
            tenant?: string | null;
            /** @description Whom it waits for. */
            parents: components["schemas"]["TaskId"][];
            /** @description Who waits for it. */
            children: components["schemas"]["TaskId"][];
            block_kind?: components["schemas"]["BlockKind"] | null;
            /** @description The question or cause. */
            block_reason?: string | null;
            blocked_at?: components["schemas"]["Time"] | null;
            eligible_at?: components["schemas"]["Time"] | null;
            /** @description Why not. */
            eligible_reason?: string | null;
            scheduled_at?: components["schemas"]["Time"] | null;
            /** @description Whether it waits for a person's promote. */
            held: boolean;
            /** @description Whether a person forced it over open parents. */
            parents_waived: boolean;
            /**
             * Format: int32
             * @description Failures in a row.
             */
            consecutive_failures: number;
            /**
             * Format: int32
             * @description Lost and stale runs in a row.
             */
            reclaims: number;
            /**
             * Format: int32
             * @description Rate limits in a row.
             */
            rate_limits: number;
            /**
             * Format: int32
             * @description Interruptions in a row.
             */
            interruptions: number;
            /**
             * Format: int32
             * @description Blocks since the last news from a person.
             */
            blocks: number;
            /**
             * Format: int32
             * @description Rounds of requested changes.
             */
            review_rounds: number;
            /** @description How the last failure ended. */
            last_failure_error?: string | null;
            current_run_id?: components["schemas"]["RunId"] | null;
            /** @description What kind of directory its runs work in. */
            workspace_kind: components["schemas"]["WorkspaceKind"];
            /** @description The directory. */
            workspace_path?: string | null;
            /** @description The branch of its worktree. */
            branch?: string | null;
            /** @description The model that its runs use. */
            model?: string | null;
            /** @description Skills of its runs. */
            skills: string[];
            /** @description Labels that its host must have. */
            requires: string[];
            /**
             * Format: int64
             * @description Longest run, milliseconds.
             */
            max_runtime?: number | null;
            /**
             * Format: int32
             * @description Failures at which it is given up.
             */
            max_retries?: number | null;
            /** @description Whether its runs are judged turn by turn. */
            goal_mode: boolean;
            /**
             * Format: int64
             * @description Turns of the goal mode.
             */
            goal_max_turns?: number | null;
            /** @description Creations with the same key are one task. */
            idempotency_key?: string | null;
            /** @description The session that it came from. */
            session_id?: string | null;
            /** @description Its workflow. */
            workflow_template_id?: string | null;
            /** @description Its step in the workflow. */
            step_key?: string | null;
            /**
             * Format: int32
             * @description How many workers' generations lie above it.
             */
            generation: number;
            /** @description Its short result. */
            result?: string | null;
            /** @description Who created it. */
            created_by: string;
            /** @description The run that created it. */
            created_by_run?: string | null;
            /** @description When. */
            created_at: components["schemas"]["Time"];
            /** @description When it last changed. */
            updated_at: components["schemas"]["Time"];
            started_at?: components["schemas"]["Time"] | null;
            completed_at?: components["schemas"]["Time"] | null;
        };
        /** @description Changes of a task; `null` clears, what is left out stays. */
        TaskChanges: {
            /** @description One line. */
            title?: string | null;
            /** @description The specification. */
            body?: string | null;
            /**
             * Format: int64
             * @description Higher goes first.
             */
            priority?: number | null;
            /** @description A name space inside the board. */
            tenant?: string | null;
            assignee?: components["schemas"]["ProfileName"] | null;
            reviewer?: components["schemas"]["ProfileName"] | null;
            /** @description The model that its runs use. */
            model?: string | null;
            /** @description Its skills from now on. */
            skills?: string[] | null;
            /** @description The labels that its host must have from now on. */
            requires?: string[] | null;
            /**
             * Format: int64
             * @description Longest run, milliseconds.
             */
            max_runtime?: number | null;
            /**
             * Format: int32
             * @description Failures in a row at which it is given up.
             */
            max_retries?: number | null;
            workspace?: components["schemas"]["Workspace"] | null;
            /** @description The branch of its worktree. */
            branch?: string | null;
            /** @description Judge its runs turn by turn. */
            goal_mode?: boolean | null;
            /**
             * Format: int64
             * @description Turns of the goal mode.
             */
            goal_max_turns?: number | null;
            /** @description The result of a finished task. */
            result?: string | null;
            /** @description The handoff of a finished task. */
            summary?: string | null;
            /** @description The same as data: an object. */
            metadata?: Record<string, never> | null;
        };
        /** @description A task and what is wrong with it. */
        TaskFindings: {
            /** @description The task. */
            task_id: components["schemas"]["TaskId"];
            /** @description Its title. */
            title: string;
            /** @description Where it stands. */
            status: components["schemas"]["Status"];
            assignee?: components["schemas"]["ProfileName"] | null;
            /** @description The findings, the worst first, never empty. */
            diagnostics: components["schemas"]["Diagnostic"][];
        };
        /** @description A task's id. */
        TaskId: string;
        /** @description A task in a few words. */
        TaskRef: {
            /** @description Its id. */
            id: components["schemas"]["TaskId"];
            /** @description One line. */
            title: string;
            /** @description Where it stands. */
            status: components["schemas"]["Status"];
        };
        /** @description A page of tasks. */
        Tasks: {
            /** @description The tasks. */
            tasks: components["schemas"]["Task"][];
            /** @description The `cursor` of the next page; none at the end. */
            next?: string | null;
        };
        /**
         * Format: date-time
         * @description A moment: RFC 3339 in UTC, always with milliseconds, so that times sort as texts.
         * @example 2026-01-31T09:00:00.000Z
         */
        Time: string;
        /** @description A token, without its secret. */
        Token: {
            /** @description Its id. */
            id: string;
            /** @description The name under which its holder acts. */
            name: string;
            /** @description `read`, `board:<slug>`, `admin` or `session`. */
            scope: string;
            /** @description When it was made. */
            created_at: components["schemas"]["Time"];
            expires_at?: components["schemas"]["Time"] | null;
        };
        /** @description A token that was made: the only time that its secret is shown. */
        TokenMade: {
            /** @description The secret, for `Authorization: Bearer …`. */
            token: string;
            /** @description What it opens. */
            info: components["schemas"]["Token"];
        };
        /** @description The tokens of the home. */
        Tokens: {
            /** @description The oldest first. */
            tokens: components["schemas"]["Token"][];
        };
        /** @description Lets a blocked or scheduled task go on. */
        Unblock: {
            /** @description The answer; becomes a comment. */
            reason?: string | null;
            /** @description The next run starts a new session, instead of going on with the last one's. */
            fresh?: boolean;
        };
        /** @description What runs consumed, by day and profile. */
        Usage: {
            /** @description The newest day first. */
            days: components["schemas"]["UsageDay"][];
        };
        /** @description What the runs of a profile consumed on one day. */
        UsageDay: components["schemas"]["Consumption"] & {
            /** @description The day in UTC, `2026-01-31`. */
            day: string;
            profile?: components["schemas"]["ProfileName"] | null;
            /**
             * Format: int32
             * @description Runs that started on it.
             */
            runs: number;
        };
        /** @description A command line. */
        VerbCall: {
            /**
             * @description The arguments after the program's name.
             * @example [
             *       "list",
             *       "--json"
             *     ]
             */
            argv: string[];
            board?: components["schemas"]["BoardSlug"] | null;
            /** @description Files that the arguments name, as they are where the command was typed. */
            files?: components["schemas"]["VerbFile"][];
            /** @description The time zone in which moments are read and shown, such as `Europe/Berlin`. */
            zone?: string | null;
            /** @description Names this call among those of its caller: repeated to the same server, it is not run a second time. */
            operation?: string | null;
            /** @description The server that is meant, as [`VerbFacts::instance`] named it; another one refuses. */
            instance?: string | null;
            /** @description Over the home's own socket, from the server's own user: the folder in which the command was typed. */
            folder?: string | null;
            /** @description Over the home's own socket, from the server's own user: the variables that say who calls. */
            environment?: {
                [key: string]: string;
            };
        };
        /** @description What a caller knows of a server before it lets it run a verb that changes something. */
        VerbFacts: {
            /** @description The server's version. */
            version: string;
            /** @description Names this server among all that ever ran. */
            instance: string;
            /** @description The program that it runs: device, inode, size and time of its file. Told to its own user alone. */
            program: string;
            /** @description Checksums of the variables that change what a verb does, by name. Told to its own user alone. */
            variables: {
                [key: string]: string;
            };
        };
        /** @description A file that goes along. */
        VerbFile: {
            /** @description Its path, as it stands among the arguments; `-` is standard input. */
            name: string;
            /** @description What is in it. */
            content: string;
        };
        /** @description One line of the answer. The last one is `exit`; an answer without it was cut off. */
        VerbFrame: {
            /** @description As it is. */
            text: string;
            /** @enum {string} */
            kind: "out";
        } | {
            /** @description Bytes. */
            bytes: string;
            /** @enum {string} */
            kind: "raw";
        } | {
            /** @description As it is. */
            text: string;
            /** @enum {string} */
            kind: "err";
        } | {
            /** @description Its path, as it stands among the arguments. */
            name: string;
            /** @description What belongs in it. */
            content: string;
            /** @enum {string} */
            kind: "file";
        } | {
            /** @enum {string} */
            kind: "alive";
        } | {
            /**
             * Format: int32
             * @description The exit code.
             */
            code: number;
            /** @enum {string} */
            kind: "exit";
        };
        /** @description Why. */
        WithReason: {
            /** @description Why; becomes a comment where it is not blank. */
            reason?: string | null;
        };
        /** @description A run whose processes may live. */
        Worker: {
            /** @description The run. */
            run: components["schemas"]["Run"];
            /** @description Its task. */
            task: components["schemas"]["TaskRef"];
            lease?: components["schemas"]["Lease"] | null;
            /** @description The last line that it wrote: untrusted text. */
            last_line?: string | null;
        };
        /** @description The runs whose processes may live. */
        Workers: {
            /** @description The workers. */
            workers: components["schemas"]["Worker"][];
            /**
             * Format: int32
             * @description How many there are.
             */
            count: number;
            /** @description When it was looked. */
            checked_at: components["schemas"]["Time"];
        };
        /** @description Where runs work. */
        Workspace: {
            /** @description What kind of directory. */
            kind: components["schemas"]["WorkspaceKind"];
            /** @description An absolute path. */
            path?: string | null;
        };
        /**
         * @description What kind of directory runs work in.
         * @enum {string}
         */
        WorkspaceKind: "scratch" | "dir" | "worktree";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
