// Boards as they look after a morning of work, and one that nobody is kind to.

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { House } from "./house.ts";

const LOG =
  'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); printf "\\033[32mok\\033[0m   restore::table_%03d \\033[2m%d rows\\033[0m\\n" $i $((i*7919%90000)); sleep 0.15; done';

/** A runner that says what it used, as agents do. */
const PRICED = `
[runners.priced]
description = "says what it used"
argv = ["sh", "-c", "cat > /dev/null; echo model: large-1; echo tokens: 48210 in, 1930 out; echo cost: 0.42; echo The summary is in the wiki."]
prompt = "stdin"
ends_by = "exit"

[runners.priced.output]
format = "text"
model = ['model: (\\S+)']
input_tokens = ['tokens: (\\d+) in']
output_tokens = ['in, (\\d+) out']
cost_usd = ['cost: (\\S+)']
`;

export interface Furniture {
  question: string;
  running: string;
  idea: string;
}

/** A board with something in every column. */
export function furnish(house: House): Furniture {
  appendFileSync(join(house.home, "config.toml"), PRICED);
  house.run("profile", "create", "writer", "--runner", "priced", "--description", "Writes it down so that others find it.");
  const plan = house.create("Plan the move of the billing data", "--assignee", "analyst", "--priority", "8", "--tenant", "acme", "--body", "echo Three steps, each with a way back.");
  const restore = house.create("Restore last night's backup and time it", "--assignee", "builder", "--tenant", "acme", "--priority", "12", "--body", LOG);
  house.create("Write the migration, with a rollback for each step", "--assignee", "builder", "--parent", plan, "--tenant", "acme", "--priority", "6", "--body", LOG);
  const rehearsal = house.create("Rehearse the move on the copy", "--assignee", "builder", "--parent", restore, "--tenant", "acme", "--priority", "6");
  house.create("Tell the customers when it happens", "--assignee", "writer", "--parent", rehearsal, "--tenant", "acme");
  const question = house.create(
    "Choose where the backups go", "--assignee", "analyst", "--priority", "3", "--hold", "--tenant", "acme",
    "--body", "Compare the two regions we may use.\n\n- [x] price\n- [x] distance\n- [ ] law\n\nThe numbers are in `costs.csv`.",
  );
  house.run("comment", question, "Legal would like it to stay in the EU.");
  house.run("block", question, "Which **region** should the backups live in? Frankfurt is nearer, Dublin is cheaper by 11 %.", "--kind", "needs_input");
  const review = house.create("Bound the retries of the mail worker");
  house.run("claim", review);
  house.run("request-review", review, "--summary", "Five attempts, ten minutes at most. See `mail/retry.rs`.");
  const idea = house.create("Let the board speak to the pager", "--triage");
  house.create("Try a smaller model for the summaries", "--triage");
  house.create("Send the monthly invoices", "--at", "in 3h", "--assignee", "analyst", "--tenant", "acme");
  house.create("Who keeps the certificates?", "--priority", "2");
  const guide = house.create("Ship the onboarding guide", "--hold", "--assignee", "writer", "--priority", "1");
  for (const title of ["Draft the text", "Draw the pictures", "Translate it into German"]) house.run("link", house.create(title, "--assignee", "writer"), guide);
  house.create("Fetch the rates from the bank", "--assignee", "builder", "--body", "echo the bank says 503; exit 1");
  return { question, running: restore, idea };
}

/** A board whose words push at every edge. */
export function provoke(house: House): string {
  house.run("boards", "create", "hostile");
  const on = ["--board", "hostile"];
  const word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
  const worst = house.create(
    `${word.repeat(3)} <img src=x onerror=alert(1)>`, "--triage", "--tenant", "a-tenant-whose-name-does-not-end-where-one-would-like-it-to", "--priority", "2000000000",
    "--body", `# ${word}\n\n| ${word} | b |\n|---|---|\n| 1 | ${word} |\n\n\`\`\`\n${word.repeat(6)}\n\`\`\`\n\n[${word}](https://example.org/${word})`, ...on,
  );
  house.run("comment", worst, `${word.repeat(2)}\n\nمرحبا بالعالم`, ...on);
  house.create("مراجعة تقرير المبيعات للربع الثالث قبل يوم الخميس", "--hold", "--priority", "-3", ...on);
  house.create("四半期の売上報告書を確認する 📊👩‍👩‍👧‍👦", "--hold", ...on);
  house.create("\u202eesrever ni siht\u202c and back", "--hold", ...on);
  house.create("x", "--assignee", "analyst", "--hold", ...on);
  const blocked = house.create("Says too much", ...on);
  house.run("block", blocked, `${word} `.repeat(40), "--kind", "needs_input", ...on);
  return worst;
}
