// Buttons, fields, dialogs and menus: the few controls that everything is built from.

import { Dialog as RadixDialog, DropdownMenu, Popover as RadixPopover, Tooltip as RadixTooltip } from "radix-ui";
import type { ButtonHTMLAttributes, ComponentProps, InputHTMLAttributes, ReactNode, Ref, TextareaHTMLAttributes } from "react";
import { useId, useRef } from "react";
import type { Problem } from "../api/types.ts";
import { t } from "../i18n/index.ts";
import { cx } from "./cx.ts";
import { AlertIcon, CloseIcon } from "./icons.tsx";

type Tone = "plain" | "primary" | "danger" | "quiet" | "go";

const TONES: Record<Tone, string> = {
  plain: "border border-line-strong bg-raised text-text hover:bg-hover",
  primary: "border border-transparent bg-accent text-on-accent hover:brightness-110",
  danger: "border border-red/40 bg-red-soft text-red hover:border-red",
  quiet: "border border-transparent text-text-2 hover:bg-hover hover:text-text",
  go: "border border-green/40 bg-green-soft text-green hover:border-green",
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: Tone;
  size?: "sm" | "md";
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ tone = "plain", size = "sm", busy = false, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={cx(
        "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-[background,border-color,filter] duration-100 disabled:opacity-50",
        size === "sm" ? "h-7 px-2.5 text-xs" : "h-9 px-3.5 text-sm",
        TONES[tone],
        className,
      )}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

export function IconButton({
  label,
  className,
  children,
  side,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { label: string; side?: "top" | "bottom" | "left" | "right"; ref?: Ref<HTMLButtonElement> }) {
  return (
    <Tip text={label} {...(side ? { side } : {})}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={cx(
          "inline-flex size-7 shrink-0 items-center justify-center rounded-md text-text-3 transition-colors hover:bg-hover hover:text-text disabled:opacity-40",
          className,
        )}
      >
        {children}
      </button>
    </Tip>
  );
}

export function Spinner() {
  return (
    <span
      aria-hidden="true"
      className="inline-block size-3 animate-spin rounded-full border-[1.5px] border-current border-r-transparent"
    />
  );
}

export function Tip({ text, children, side = "bottom" }: { text: ReactNode; children: ReactNode; side?: "top" | "bottom" | "left" | "right" }) {
  return (
    <RadixTooltip.Root>
      <RadixTooltip.Trigger asChild>{children}</RadixTooltip.Trigger>
      <RadixTooltip.Portal>
        <RadixTooltip.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-60 max-w-72 animate-fade rounded-md bg-text px-2 py-1 text-xs text-canvas shadow-float"
        >
          {text}
        </RadixTooltip.Content>
      </RadixTooltip.Portal>
    </RadixTooltip.Root>
  );
}

export const TipProvider = RadixTooltip.Provider;

const FIELD =
  "w-full min-w-0 rounded-md border border-line-strong bg-raised px-2.5 text-sm text-text placeholder:text-text-3 outline-none transition-colors focus:border-accent-text focus:ring-2 focus:ring-accent/25";

export function Input({ className, ...rest }: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return <input {...rest} className={cx(FIELD, "h-8", className)} />;
}

export function TextArea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> }) {
  return <textarea rows={3} {...rest} className={cx(FIELD, "field-sizing-content max-h-80 min-h-16 py-2 leading-normal", className)} />;
}

export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <select {...rest} className={cx(FIELD, "h-8 pr-7", className)}>
      {children}
    </select>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: ReactNode; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="grid min-w-0 grid-cols-1 content-start gap-1">
      <label htmlFor={id} className="text-xs font-medium text-text-2">
        {label}
      </label>
      {children(id)}
      {hint && <p className="text-xs text-text-3">{hint}</p>}
    </div>
  );
}

export function Check({ label, ...rest }: Omit<InputHTMLAttributes<HTMLInputElement>, "type"> & { label: ReactNode }) {
  return (
    <label className="inline-flex min-w-0 cursor-pointer items-center gap-2 text-sm text-text-2">
      <input type="checkbox" {...rest} className="size-4 shrink-0 accent-(--accent)" />
      {label}
    </label>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded border border-line-strong bg-panel px-1 font-sans text-2xs text-text-3">
      {children}
    </kbd>
  );
}

const BADGE: Record<string, string> = {
  grey: "bg-hover text-text-2",
  red: "bg-red-soft text-red",
  amber: "bg-amber-soft text-amber",
  green: "bg-green-soft text-green",
  purple: "bg-purple-soft text-purple",
  cyan: "bg-cyan-soft text-cyan",
  accent: "bg-accent-soft text-accent-text",
};

export type BadgeTone = keyof typeof BADGE;

export function Badge({ tone = "grey", children, className, title }: { tone?: BadgeTone; children: ReactNode; className?: string; title?: string }) {
  return (
    <span
      title={title}
      className={cx("inline-flex h-[18px] max-w-full items-center gap-1 truncate rounded px-1.5 text-2xs font-medium", BADGE[tone], className)}
    >
      {children}
    </span>
  );
}

export function Dialog({
  open,
  onClose,
  title,
  description,
  children,
  wide = false,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}) {
  const body = useRef<HTMLDivElement>(null);
  return (
    <RadixDialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-50 animate-fade bg-black/40 dark:bg-black/60" />
        <RadixDialog.Content
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            // What is asked comes first, not the way out.
            const first = body.current?.querySelector<HTMLElement>("input:not(:disabled), select, textarea, button:not(:disabled)");
            if (!first) return;
            event.preventDefault();
            first.focus();
          }}
          className={cx(
            "fixed top-[8vh] left-1/2 z-50 flex max-h-[86vh] w-[calc(100vw-1.5rem)] -translate-x-1/2 animate-in flex-col rounded-xl border border-line-strong bg-panel shadow-float outline-none",
            wide ? "max-w-2xl" : "max-w-lg",
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-1">
            <div className="min-w-0 flex-1">
              <RadixDialog.Title className="text-base font-semibold">{title}</RadixDialog.Title>
              {description && <p className="mt-0.5 text-sm text-text-2">{description}</p>}
            </div>
            <RadixDialog.Close asChild>
              <button type="button" aria-label={t("do.close")} className="-mr-1.5 inline-flex size-7 items-center justify-center rounded-md text-text-3 hover:bg-hover hover:text-text">
                <CloseIcon />
              </button>
            </RadixDialog.Close>
          </header>
          <div ref={body} className="min-h-0 overflow-y-auto px-5 pt-2 pb-5">
            {children}
          </div>
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

export interface MenuItem {
  label: ReactNode;
  icon?: ReactNode;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean;
  onSelect: () => void;
}

/** A menu of items; `null` draws a line. */
export function Menu({
  trigger,
  items,
  align = "end",
  label,
  open,
  onOpenChange,
}: {
  trigger: ReactNode;
  items: (MenuItem | null)[];
  align?: "start" | "end";
  label?: string;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  const control = open === undefined ? {} : { open };
  return (
    <DropdownMenu.Root {...control} {...(onOpenChange ? { onOpenChange } : {})} modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onClick={(event) => event.stopPropagation()}
          className="z-60 max-h-[70vh] min-w-48 animate-in overflow-y-auto rounded-lg border border-line-strong bg-raised p-1 shadow-float"
        >
          {label && <DropdownMenu.Label className="px-2 pt-1 pb-1.5 text-2xs font-medium text-text-3">{label}</DropdownMenu.Label>}
          {items.map((item, index) =>
            item === null ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name of their own.
              <DropdownMenu.Separator key={`line-${index}`} className="my-1 h-px bg-line" />
            ) : (
              <DropdownMenu.Item
                // biome-ignore lint/suspicious/noArrayIndexKey: a menu's items never change places while it is open.
                key={index}
                disabled={item.disabled ?? false}
                onSelect={item.onSelect}
                className={cx(
                  "flex h-8 cursor-pointer select-none items-center gap-2 rounded-md px-2 text-sm outline-none data-disabled:cursor-default data-disabled:text-text-3 data-highlighted:bg-hover",
                  item.danger ? "text-red" : "text-text",
                )}
              >
                <span className="flex w-4 justify-center text-text-3">{item.icon}</span>
                <span className="flex-1 truncate">{item.label}</span>
                {item.checked && <span aria-hidden="true">✓</span>}
                {item.keys && <Kbd>{item.keys}</Kbd>}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function Popover({
  trigger,
  children,
  open,
  onOpenChange,
  align = "start",
  label,
  className,
}: {
  trigger: ReactNode;
  children: ReactNode;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  align?: "start" | "center" | "end";
  label: string;
  className?: string;
}) {
  return (
    <RadixPopover.Root open={open} onOpenChange={onOpenChange}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          aria-label={label}
          className={cx("z-60 animate-in rounded-lg border border-line-strong bg-raised shadow-float outline-none", className)}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}

/** Nothing is here, and what would be. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-sm flex-col items-center gap-2 px-4 py-12 text-center">
      {icon && <div className="mb-1 flex size-11 items-center justify-center rounded-xl border border-line bg-raised text-text-3">{icon}</div>}
      <h2 className="text-sm font-semibold">{title}</h2>
      {children && <div className="text-sm text-text-2">{children}</div>}
    </div>
  );
}

/** Words of the server's, in which commands and names stand between backticks. */
export function Words({ text }: { text: string }) {
  return text.split(/`([^`\n]+)`/).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change places.
      <code key={index} className="rounded bg-hover px-1 font-mono text-[0.92em]">
        {part}
      </code>
    ) : (
      part
    ),
  );
}

/** A refusal: the server's sentence and its way out. */
export function ProblemNote({ problem, retry, className }: { problem: Problem; retry?: (() => void) | undefined; className?: string }) {
  return (
    <div role="alert" className={cx("flex items-start gap-2 rounded-md border border-red/35 bg-red-soft px-3 py-2 text-sm", className)}>
      <AlertIcon className="mt-0.5 shrink-0 text-red" />
      <div className="min-w-0 flex-1">
        <p className="break-words text-red">
          <Words text={problem.detail ?? problem.title} />
        </p>
        {problem.hint && (
          <p className="mt-0.5 break-words text-text-2">
            <Words text={problem.hint} />
          </p>
        )}
      </div>
      {retry && (
        <Button size="sm" onClick={retry}>
          {t("do.tryAgain")}
        </Button>
      )}
    </div>
  );
}

export function Section({ title, aside, children, id }: { title: ReactNode; aside?: ReactNode; children: ReactNode; id?: string }) {
  const heading = useId();
  return (
    <section aria-labelledby={heading} id={id} className="grid grid-cols-1 gap-2.5">
      <div className="flex min-h-7 items-center justify-between gap-2">
        <h3 id={heading} className="text-xs font-semibold text-text-2">
          {title}
        </h3>
        {aside}
      </div>
      {children}
    </section>
  );
}
