// A house for one test file: a real `andon serve` in a home of its own, with real workers, and a browser at its door.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, type Locator, type Page, type Route, chromium } from "playwright-core";

const ROOT = resolve(import.meta.dirname, "../..");
const TARGET = process.env["ANDON_TARGET"] ?? join(ROOT, "target");
const PROGRAM = process.env["ANDON_BIN"] ?? join(TARGET, "debug/andon");
/** A build of the dashboard that is tried instead of the one inside the program. */
const DIST = process.env["ANDON_DIST"];
const CHROMIUM = process.env["ANDON_CHROMIUM"] ?? "/usr/bin/chromium";
/** Where pictures of the views are kept. */
export const PICTURES = join(TARGET, "browser");

async function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? found(address.port) : failed(new Error("no port"))));
    });
  });
}

const TYPES: Record<string, string> = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml", woff2: "font/woff2" };

/** Answers for the program with the files of another build, so that a change of the dashboard is tried without compiling. */
async function served(route: Route, dist: string): Promise<void> {
  const { pathname } = new URL(route.request().url());
  const file = pathname.includes(".") ? pathname.slice(1) : "index.html";
  if (/^\/(api|login)\b/.test(pathname) || !existsSync(join(dist, file))) return route.continue();
  return route.fulfill({ path: join(dist, file), contentType: TYPES[file.split(".").pop() ?? ""] ?? "application/octet-stream" });
}

export class House {
  readonly home = mkdtempSync(join(tmpdir(), "andon-browser-"));
  #server: ChildProcess | null = null;
  #port = 0;
  #browser: Browser | null = null;
  #login = "";
  /** What pages complained of. */
  readonly complaints: string[] = [];

  static async open(): Promise<House> {
    const house = new House();
    // First, so that no server is left behind where there is no browser.
    house.#browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    house.run("init");
    house.run("profile", "create", "builder", "--runner", "shell", "--description", "Builds what is asked.");
    house.run("profile", "create", "analyst", "--runner", "shell", "--description", "Adds up and compares.");
    house.#port = await freePort();
    await house.serve();
    mkdirSync(PICTURES, { recursive: true });
    return house;
  }

  /** Where the server listens. */
  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  #environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("ANDON_"));
    return { ...Object.fromEntries(kept), ANDON_HOME: this.home, ANDON_USER: "ada" };
  }

  /** Runs a verb and gives what it prints. */
  run(...args: string[]): string {
    return execFileSync(PROGRAM, args, { env: this.#environment(), encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Creates a task and gives its id. */
  create(title: string, ...args: string[]): string {
    return (JSON.parse(this.run("create", title, ...args, "--json")) as { id: string }).id;
  }

  /** Starts the server; on the same port again after `stopServer`. */
  async serve(): Promise<void> {
    const server = spawn(PROGRAM, ["serve", "--listen", `127.0.0.1:${this.#port}`], {
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#server = server;
    this.#login = await new Promise<string>((found, failed) => {
      let said = "";
      const hear = (text: Buffer) => {
        said += text.toString();
        const login = /http:\/\/\S+\/login\?code=\S+/.exec(said);
        if (login) found(login[0]);
      };
      server.stdout?.on("data", hear);
      server.stderr?.on("data", hear);
      server.once("exit", (code) => failed(new Error(`andon serve ended with ${code}:\n${said}`)));
    });
  }

  async stopServer(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const gone = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await gone;
    this.#server = null;
  }

  /** A person's browser, logged in. */
  async visit(
    options: { path?: string; phone?: boolean; theme?: "light" | "dark" } = {},
  ): Promise<{ page: Page; context: BrowserContext }> {
    const { path = "/", phone = false, theme = "light" } = options;
    if (!this.#browser) throw new Error("the browser is not open");
    const context = await this.#browser.newContext({
      viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      colorScheme: theme,
      hasTouch: phone,
      isMobile: phone,
      reducedMotion: "reduce",
      baseURL: this.address,
    });
    context.setDefaultTimeout(15_000);
    if (DIST) await context.route("**/*", (route) => served(route, DIST));
    if (this.#state) await context.addCookies(this.#state);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy/i.test(message.text())) this.complaints.push(message.text());
    });
    if (!this.#state) {
      // The address that `serve` prints works once; its cookie is every later visitor's.
      await page.goto(this.#login);
      this.#state = await context.cookies();
    }
    await page.goto(path);
    return { page, context };
  }
  #state: Awaited<ReturnType<BrowserContext["cookies"]>> | null = null;

  async close(): Promise<void> {
    await this.#browser?.close();
    for (const task of this.#running()) this.run("stop", task);
    await this.stopServer();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #running(): string[] {
    const tasks = JSON.parse(this.run("list", "--status", "running", "--json")) as { id: string }[] | { tasks: { id: string }[] };
    return (Array.isArray(tasks) ? tasks : tasks.tasks).map((task) => task.id);
  }
}

/** What axe finds wrong, in words; by all of its rules for WCAG 2.2 AA, or by those named. */
export async function violations(page: Page, ...rules: string[]): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const found = await (rules.length > 0 ? axe.withRules(rules) : axe.withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])).analyze();
  return found.violations.flatMap((each) =>
    each.nodes.map((node) => `${each.id}: ${each.help}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
  );
}

/** Polls until `what` holds. */
export async function until(what: () => boolean | Promise<boolean>, name: string, patience = 15_000): Promise<void> {
  const end = Date.now() + patience;
  while (!(await what())) {
    if (Date.now() > end) throw new Error(`it never came about: ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const card = (page: Page, id: string) => page.locator(`[data-card="${id}"]`);
export const column = (page: Page, status: string) => page.locator(`[data-column="${status}"]`);
export const cardIn = (page: Page, status: string, id: string) => column(page, status).locator(`[data-card="${id}"]`);

interface Point {
  x: number;
  y: number;
}

/** A finger: real touches, as the browser gets them from a screen. */
export async function touch(page: Page) {
  const session = await page.context().newCDPSession(page);
  const send = (type: "touchStart" | "touchMove" | "touchEnd", points: Point[]) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  return {
    down: (at: Point) => send("touchStart", [at]),
    move: (to: Point) => send("touchMove", [to]),
    up: () => send("touchEnd", []),
    middle: async (of: Locator): Promise<Point> => {
      const box = await of.boundingBox();
      if (!box) throw new Error("it is not on the screen");
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    },
  };
}
