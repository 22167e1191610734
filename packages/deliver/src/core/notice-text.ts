import { countText } from "@currents-relay/shared/core/count-text.ts";
import { holdReasons, type HoldReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { ExpiryPolicy, NoticeMessage } from "./notice-message.ts";

export interface NoticeText {
  /** One line. */
  subject: string;
  /** Plain text: at most 24 lines of at most 78 characters; only a command to be copied may be longer. */
  body: string;
}

/** What somebody has to do. `command`: as it is to be typed. */
export interface Advice {
  text: string;
  command?: string;
}

const lineCharacters = 78;
const labelCharacters = 12;
const shownConnectors = 3;
/** From then on a notice says itself that it is late: it was under way to a server that did not take it. */
const lateAfterMs = 10 * 60_000;

const checkKey = (workspace: string): string =>
  `Copy the write key from Segment (the source's settings, "API Keys") into segment.writeKey of the workspace ` +
  `"${workspace}", in relay.yaml or in the secret file or variable that it names`;
const noRestart = "A changed file takes effect by itself: the new key is verified, and then the held events go out.";

const repairs: Readonly<Record<HoldReason, (workspace: string) => Advice>> = {
  unverified: () => ({
    text:
      "Make sure that Relay reaches segment.settingsEndpoint (https://cdn.segment.com unless set otherwise), also " +
      "through proxies and firewalls: nothing is sent with a write key that was not verified.",
  }),
  "unknown-write-key": (workspace) => ({
    text: `${checkKey(workspace)}; also check that the source was not deleted. ${noRestart}`,
  }),
  unauthorized: (workspace) => ({ text: `${checkKey(workspace)}. ${noRestart}` }),
  forbidden: (workspace) => ({
    text: `See in Segment whether the source is enabled and may be written to. If it is, the key was replaced: ${lowerFirst(checkKey(workspace))}. ${noRestart}`,
  }),
  "not-found": () => ({
    text: `Check segment.region (us or eu) and segment.endpoint in relay.yaml: there is no Tracking API at this address. ${noRestart}`,
  }),
  "oauth-refused": () => ({
    text: `Check clientId, keyId, privateKey and scope under segment.oauth in relay.yaml against the OAuth application in Segment: it may be revoked, its key replaced, or this machine's clock wrong. ${noRestart}`,
  }),
  "everything-refused": (workspace) => ({
    text: "See whether the write key is whole: Segment answers 400 to one that cannot be a key. One batch is tried after each check of it. If it is, look at what was set aside:",
    command: `relay dlq list --workspace ${workspace} --reason rejected`,
  }),
  operator: (workspace) => ({
    text: "Nothing is wrong with the credentials: somebody paused this workspace. To end the pause:",
    command: `relay resume --workspace ${workspace}`,
  }),
};

/** What is to be done now, by whoever looks after the workspace. */
export const adviceFor = ({ phase, reason, workspace }: NoticeMessage): Advice => {
  switch (phase) {
    case "holding":
      return repairs[reason](workspace);
    case "replaying":
      return {
        text: "Nothing: the held events are being sent, oldest first. To see how far that is, and how long it will take:",
        command: "relay status",
      };
    case "closed":
      return { text: "Nothing: nothing is held any more." };
    default:
      return phase satisfies never;
  }
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const count = (amount: number, what: string): string => `${countText(amount)} ${what}${amount === 1 ? "" : "s"}`;

const units = [
  { what: "day", ms: 86_400_000 },
  { what: "hour", ms: 3_600_000 },
  { what: "minute", ms: 60_000 },
];

/** 136_800_000 -> "1 day 14 hours": two units, rounded down. */
const inWords = (ms: number): string => {
  const first = units.findIndex((unit) => ms >= unit.ms);
  if (first === -1) return "less than a minute";
  const [parts] = units.slice(first, first + 2).reduce<[string[], number]>(
    ([texts, restMs], unit) => {
      const amount = Math.floor(restMs / unit.ms);
      return [amount > 0 ? [...texts, count(amount, unit.what)] : texts, restMs - amount * unit.ms];
    },
    [[], ms],
  );
  return parts.join(" ");
};

const inUtc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** Breaks at spaces; a single word that is too long stays whole. */
const wrap = (text: string, characters: number): string[] =>
  text.split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > characters) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);

const paragraph = (text: string): string => wrap(text, lineCharacters).join("\n");
const command = (text: string): string => `  ${text}`;
const row = (label: string, text: string): string => {
  const lines = wrap(text, lineCharacters - labelCharacters);
  return label.padEnd(labelCharacters) + lines.join(`\n${" ".repeat(labelCharacters)}`);
};

const afterExpiry: Readonly<Record<ExpiryPolicy, string>> = {
  keep: "they stay held: nothing is dropped",
  archive: "they go to the archive, oldest first, and can be replayed from there",
  drop: "they are DROPPED FOR GOOD, oldest first",
};

const headline = (message: NoticeMessage): string => {
  const of = `the events of workspace "${message.workspace}"`;
  const why = holdReasons[message.reason];
  switch (message.event) {
    case "outage.opened":
      return `Currents Relay began to hold ${of}: ${why}.`;
    case "outage.window":
      return `${message.percent} % of the time for which ${of} may be held is used: ${why}.`;
    case "outage.closed":
      return `The outage of workspace "${message.workspace}" is over. It began because: ${why}.`;
    default:
      return message satisfies never;
  }
};

const lateness = ({ event, phase, atMs, asOfMs }: NoticeMessage): string[] => {
  const late = asOfMs - atMs >= lateAfterMs ? [`This notice is ${inWords(asOfMs - atMs)} late.`] : [];
  const over = phase === "closed" && event !== "outage.closed" ? ["The outage is over by now."] : [];
  const lines = [...late, ...over];
  return lines.length > 0 ? [paragraph(lines.join(" "))] : [];
};

const connectorsRow = ({ connectors }: NoticeMessage): string => {
  const names = connectors.slice(0, shownConnectors).map(({ name }) => name);
  const more = connectors.length - names.length;
  return row("Connectors", names.join(", ") + (more > 0 ? ` and ${more} more` : ""));
};

const expiryOf = ({ expiresAtMs, expiryAfterMs, asOfMs }: NoticeMessage): string => {
  if (expiresAtMs === undefined) return `${inWords(expiryAfterMs)} after an event began to be held`;
  const leftMs = expiresAtMs - asOfMs;
  const when = leftMs > 0 ? `in ${inWords(leftMs)}` : `${inWords(-leftMs)} ago`;
  return `${inUtc(expiresAtMs)} (${when}) for the oldest`;
};

const facts = (message: NoticeMessage): string => {
  const { event, openedAtMs, atMs, asOfMs, heldEvents } = message;
  const closed = [
    row("From", inUtc(openedAtMs)),
    row("To", `${inUtc(atMs)} (${inWords(atMs - openedAtMs)})`),
    ...(atMs - openedAtMs > message.expiryAfterMs ? whatExpired(message) : []),
  ];
  const open = [
    row("Since", `${inUtc(openedAtMs)} (${inWords(asOfMs - openedAtMs)})`),
    row("Held", `${count(heldEvents, "event")}${heldEvents === 0 ? " so far" : ""}`),
    row("Expiry", expiryOf(message)),
    row("Then", afterExpiry[message.expiryThen]),
  ];
  return [...(event === "outage.closed" ? closed : open), connectorsRow(message)].join("\n");
};

const whatExpired = ({ expiryAfterMs, expiryThen, workspace }: NoticeMessage): string[] => {
  const which = `Events held for more than ${inWords(expiryAfterMs)}`;
  switch (expiryThen) {
    case "keep":
      return [];
    case "archive":
      return [
        row("Expired", `${which} are in the archive. To send them:`),
        command(`relay dlq replay --workspace ${workspace} --from-archive`),
      ];
    case "drop":
      return [row("Expired", `${which} were dropped; relay status counts them.`)];
    default:
      return expiryThen satisfies never;
  }
};

const suspectLines = ({ suspect, workspace }: NoticeMessage): string[] => {
  if (!suspect) return [];
  const [from, to] = [suspect.fromMs, suspect.toMs].map((ms) => new Date(ms).toISOString());
  const said =
    `Segment answers 200 to unknown keys: ${count(suspect.events, "event")} sent from ${from} to ${to} may be lost. ` +
    `They are kept. To see what can be sent again:`;
  return [`${paragraph(said)}\n${command(`relay resend --workspace ${workspace} --suspect --dry-run`)}`];
};

const subjectOf = (message: NoticeMessage): string => {
  switch (message.event) {
    case "outage.opened":
      return `${message.workspace}: events are held (${holdReasons[message.reason]})`;
    case "outage.window":
      return `${message.workspace}: ${message.percent} % of the time until held events expire is used`;
    case "outage.closed":
      return `${message.workspace}: the outage is over after ${inWords(message.atMs - message.openedAtMs)}`;
    default:
      return message satisfies never;
  }
};

/** The notice for people, one screen at most: what happened, since when, how much is held, until when, what to do. */
export const noticeText = (message: NoticeMessage): NoticeText => {
  const advice = adviceFor(message);
  const toDo = [row("What to do", advice.text), ...(advice.command === undefined ? [] : [command(advice.command)])];
  const parts = [paragraph(headline(message)), ...lateness(message), facts(message), toDo.join("\n")];
  return {
    subject: `[Currents Relay] ${subjectOf(message)}`,
    body: [...parts, ...suspectLines(message)].join("\n\n") + "\n",
  };
};
