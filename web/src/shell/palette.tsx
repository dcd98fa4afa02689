// The command palette: every place and every command, and any task by its words.

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Dialog as RadixDialog } from "radix-ui";
import { useDeferredValue, useEffect, useState } from "react";
import type { ReactNode } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { useBoards } from "../api/queries.ts";
import { Kbd } from "../design/controls.tsx";
import { BoardIcon, BoltIcon, CordIcon, FleetIcon, GlobeIcon, GraphIcon, InboxIcon, MoonIcon, PlusIcon, StatusIcon, SunIcon } from "../design/icons.tsx";
import { LANGUAGES, setLanguage, t } from "../i18n/index.ts";
import type { Language } from "../i18n/index.ts";
import { useOpenTask } from "./places.ts";
import { closeDialog, openDialog, refusal, setTheme, toast } from "./store.ts";

const LANGUAGE_NAMES = Object.entries(LANGUAGES) as [Language, string][];

export default function Palette({ board }: { board: string }) {
  const navigate = useNavigate();
  const openTask = useOpenTask();
  const boards = useBoards();
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ["palette", board, query],
    queryFn: () => api.cards(board, /^t_[0-9a-z]{8}$/.test(query) ? { ids: query } : { q: query, limit: 8, sort: "updated" }),
    enabled: query.length > 1,
    staleTime: 5000,
  });
  const first = found.data?.cards[0];
  const [chosen, setChosen] = useState("");
  // Tasks come after the commands are filtered: what stands on top is what Enter takes.
  useEffect(() => {
    if (first && query) setChosen(`${first.id} ${first.title}`);
  }, [first, query]);
  const go = (act: () => unknown) => () => {
    closeDialog();
    act();
  };
  const to = (path: "/b/$board" | "/b/$board/attention" | "/b/$board/graph" | "/b/$board/fleet", slug = board) =>
    go(() => navigate({ to: path, params: { board: slug } }));
  return (
    <RadixDialog.Root open onOpenChange={(open) => !open && closeDialog()}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-50 animate-fade bg-black/40 dark:bg-black/60" />
        <RadixDialog.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 animate-in overflow-hidden rounded-xl border border-line-strong bg-raised shadow-float outline-none"
        >
          <RadixDialog.Title className="sr-only">{t("keys.palette")}</RadixDialog.Title>
          <Command label={t("keys.palette")} loop value={chosen} onValueChange={setChosen}>
            <Command.Input
              value={text}
              onValueChange={setText}
              placeholder={t("palette.hint")}
              className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-text-3"
            />
            <Command.List className="max-h-[50vh] overflow-y-auto p-1.5">
              <Command.Empty className="px-3 py-8 text-center text-sm text-text-2">{t("any.noMatch")}</Command.Empty>
              {(found.data?.cards.length ?? 0) > 0 && (
                <Group heading={t("palette.tasks")}>
                  {found.data?.cards.map((card) => (
                    <Item key={card.id} value={`${card.id} ${card.title}`} keywords={[text]} icon={<StatusIcon status={card.status} />} onSelect={go(() => openTask(card.id))}>
                      <span className="truncate">{card.title}</span>
                      <span className="ml-auto font-mono text-2xs text-text-3">{card.id}</span>
                    </Item>
                  ))}
                </Group>
              )}
              <Group heading={t("palette.do")}>
                <Item value="new task create" keywords={[t("task.new")]} icon={<PlusIcon />} keys="C" onSelect={() => openDialog({ kind: "new-task" })}>
                  {t("task.new")}
                </Item>
                <Item value="new board create" keywords={[t("newBoard.name")]} icon={<PlusIcon />} onSelect={() => openDialog({ kind: "new-board" })}>
                  {t("newBoard.name")}
                </Item>
                <Item value="cord pause resume stop everything" keywords={[t("palette.cord")]} icon={<CordIcon />} keys="P" onSelect={() => openDialog({ kind: "cord" })}>
                  {t("palette.cord")}
                </Item>
                <Item
                  value="nudge dispatchers start now"
                  keywords={[t("board.nudge")]}
                  icon={<BoltIcon />}
                  onSelect={go(() => api.nudge(board).then(() => toast({ tone: "ok", text: t("done.nudged") }), (error) => refusal(asProblem(error))))}
                >
                  {t("board.nudge")}
                </Item>
                <Item value="light theme" keywords={[t("palette.light")]} icon={<SunIcon />} onSelect={go(() => setTheme("light"))}>
                  {t("palette.light")}
                </Item>
                <Item value="dark theme" keywords={[t("palette.dark")]} icon={<MoonIcon />} onSelect={go(() => setTheme("dark"))}>
                  {t("palette.dark")}
                </Item>
                <Item value="system theme" keywords={[t("palette.system")]} icon={<SunIcon />} onSelect={go(() => setTheme("system"))}>
                  {t("palette.system")}
                </Item>
                <Item value="shortcuts keyboard help" keywords={[t("keys.name")]} icon={<span className="text-xs">?</span>} keys="?" onSelect={() => openDialog({ kind: "shortcuts" })}>
                  {t("keys.name")}
                </Item>
                {LANGUAGE_NAMES.map(([tag, name]) => (
                  <Item key={tag} value={`language ${tag} ${name}`} keywords={[t("language.name")]} icon={<GlobeIcon />} onSelect={go(() => void setLanguage(tag))}>
                    <span lang={tag}>{name}</span>
                  </Item>
                ))}
              </Group>
              <Group heading={t("palette.goTo")}>
                <Item value="go board" keywords={[t("nav.board")]} icon={<BoardIcon />} keys="1" onSelect={to("/b/$board")}>
                  {t("nav.board")}
                </Item>
                <Item value="go attention" keywords={[t("nav.attention")]} icon={<InboxIcon />} keys="2" onSelect={to("/b/$board/attention")}>
                  {t("nav.attention")}
                </Item>
                <Item value="go graph" keywords={[t("nav.graph")]} icon={<GraphIcon />} keys="3" onSelect={to("/b/$board/graph")}>
                  {t("nav.graph")}
                </Item>
                <Item value="go fleet" keywords={[t("nav.fleet")]} icon={<FleetIcon />} keys="4" onSelect={to("/b/$board/fleet")}>
                  {t("nav.fleet")}
                </Item>
                {boards.data?.boards
                  .filter((other) => other.slug !== board)
                  .map((other) => (
                    <Item key={other.slug} value={`board ${other.slug} ${other.name}`} icon={<span>{other.icon ?? "▦"}</span>} onSelect={to("/b/$board", other.slug)}>
                      {other.name || other.slug}
                    </Item>
                  ))}
              </Group>
            </Command.List>
          </Command>
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group heading={heading} className="**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-2xs **:[[cmdk-group-heading]]:font-medium **:[[cmdk-group-heading]]:text-text-3">
      {children}
    </Command.Group>
  );
}

function Item({ value, icon, keys, keywords = [], onSelect, children }: { value: string; keywords?: string[]; icon: ReactNode; keys?: string; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item value={value} keywords={keywords} onSelect={onSelect} className="flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 text-sm data-[selected=true]:bg-hover">
      <span className="flex w-4 justify-center text-text-3">{icon}</span>
      {children}
      {keys && (
        <span className="ml-auto">
          <Kbd>{keys}</Kbd>
        </span>
      )}
    </Command.Item>
  );
}
