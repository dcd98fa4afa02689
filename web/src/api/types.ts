// The shapes that cross the wire, by their names in the OpenAPI document, from which they are generated.

import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];

/** As it is sent: every field is there, and what has no value is `null`. */
type Sent<T> = T extends (infer Item)[]
  ? Sent<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Sent<Exclude<T[Key], undefined>> }
    : T;

export type Status = Schemas["Status"];
export type Phase = Schemas["Phase"];
export type BlockKind = Schemas["BlockKind"];
export type Severity = Schemas["Severity"];

export type Board = Sent<Schemas["Board"]>;
export type Card = Sent<Schemas["Card"]>;
export type Column = Sent<Schemas["Column"]>;
export type Columns = Sent<Schemas["Columns"]>;
export type CardPage = Sent<Schemas["Cards"]>;
export type Pause = Sent<Schemas["Pause"]>;
export type Task = Sent<Schemas["Task"]>;
export type TaskRef = Sent<Schemas["TaskRef"]>;
export type Comment = Sent<Schemas["Comment"]>;
export type BoardEvent = Sent<Schemas["Event"]>;
export type Run = Sent<Schemas["Run"]>;
export type Attachment = Sent<Schemas["Attachment"]>;
export type Reason = Sent<Schemas["Reason"]>;
export type DiagnosticAction = Sent<Schemas["Action"]>;
export type Diagnostic = Sent<Schemas["Diagnostic"]>;
export type Shown = Sent<Schemas["Shown"]>;
export type Profile = Sent<Schemas["Profile"]>;
export type Worker = Sent<Schemas["Worker"]>;
export type Host = Sent<Schemas["Host"]>;
export type Stats = Sent<Schemas["Stats"]>;
export type UsageDay = Sent<Schemas["UsageDay"]>;
export type GraphNode = Sent<Schemas["Node"]>;
export type Graph = Sent<Schemas["Graph"]>;
export type Settings = Sent<Schemas["Settings"]>;
export type Me = Sent<Schemas["Me"]>;
export type BulkResult = Sent<Schemas["BulkResult"]>;

/** What may be sent to make a task. */
export type NewTask = Partial<Schemas["NewTask"]> & { title: string };

export type AttentionItem = Sent<Schemas["Attention"]>;
export type AttentionList = Sent<Schemas["AttentionList"]>;
export type Diff = Sent<Schemas["Diff"]>;
export type Subscription = Sent<Schemas["Subscription"]>;
export type Decomposed = Sent<Schemas["Decomposed"]>;
export type PlanResult = Sent<Schemas["PlanResult"]>;
export type DescribeResult = Sent<Schemas["DescribeResult"]>;

/** What splits an idea into tasks. */
export type Decompose = Partial<Schemas["Decompose"]> & Pick<Schemas["Decompose"], "children">;
export type SettingsChanges = Schemas["SettingsChanges"];

/** RFC 9457 problem details, with Andon's stable code and its way out. */
export interface Problem {
  title: string;
  status: number;
  detail: string | null;
  code: string;
  hint: string | null;
}
