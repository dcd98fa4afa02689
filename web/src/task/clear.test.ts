import { describe, expect, it } from "vitest";
import { wayOut } from "./clear.ts";

describe("wayOut", () => {
  it("turns the verbs of the API into buttons", () => {
    expect(wayOut("andon unblock t_1")).toMatchObject({ kind: "verb", action: { verb: "unblock" } });
    expect(wayOut("andon specify t_1")).toMatchObject({ label: "Take it up", action: { verb: "specify" } });
    expect(wayOut("andon promote t_1 --force")).toMatchObject({ action: { verb: "promote", force: true } });
    expect(wayOut("andon edit t_1 --reset-failures")).toMatchObject({ action: { verb: "reset-failures" } });
    expect(wayOut("andon resume --all")).toMatchObject({ kind: "resume", scope: "everything" });
    expect(wayOut("andon resume --profile codex")).toMatchObject({ kind: "resume", profile: "codex" });
  });
  it("shows a log where it is, rather than name the command for it", () => {
    expect(wayOut("andon log t_1").kind).toBe("log");
    expect(wayOut("andon log t_1 --run 2").kind).toBe("copy");
  });
  it("asks for what a person has to fill in", () => {
    expect(wayOut("andon assign t_1 <profile>").kind).toBe("assign");
    expect(wayOut('andon request-changes t_1 "<what>"').kind).toBe("request-changes");
  });
  it("offers every other command to be copied, never to be run", () => {
    for (const command of ["andon serve", "andon delete t_1", "rm -rf /", "andon edit t_1 --require \"\""])
      expect(wayOut(command)).toMatchObject({ kind: "copy", command });
  });
});
