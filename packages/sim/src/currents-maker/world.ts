import { type Random, seededRandom } from "./random.ts";

type Some<T> = readonly [T, ...T[]];

export interface Named {
  id: string;
  name: string;
}

/** A link in a message's template. */
export interface Link {
  id: string;
  alias: string;
  position: number;
  url: string;
}

/** One transmission of a campaign. */
export interface Send {
  sendId: string;
  dispatchId: string;
}

export interface Campaign extends Named {
  variations: Some<Named>;
  links: Some<Link>;
  /** All users of a transmission of a scheduled campaign share its dispatch_id; a triggered one gives each their own. */
  isTriggered: boolean;
  sends: Some<Send>;
}

export interface Step extends Named {
  messageVariationId: string;
  links: Some<Link>;
}

export interface Canvas extends Named {
  variations: Some<Named>;
  steps: Some<Step>;
}

export interface Device {
  model: string;
  platform: string;
  os: string;
  osVersion: string;
  browser: string;
  userAgent: string;
  resolution: string;
}

export interface User {
  userId: string;
  externalUserId: string;
  email: string;
  phone: string;
  timezone: string;
  country: string;
  language: string;
  device: Device;
  deviceId: string;
  mailboxProvider: string;
}

/**
 * The customers and messages of one invented company: what events refer to, and so what many of them have in common.
 * Which ids are shared: Braze, "Dispatch ID behavior", read 2026-11-27.
 */
export interface World {
  appGroupId: string;
  esp: string;
  sendingIps: Some<string>;
  appIds: Some<string>;
  campaigns: Some<Campaign>;
  canvases: Some<Canvas>;
  users: Some<User>;
}

const devices: Some<Device> = [
  {
    model: "iPhone 16 Pro",
    platform: "ios",
    os: "iOS",
    osVersion: "18.6",
    browser: "Mobile Safari",
    userAgent:
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    resolution: "1206x2622",
  },
  {
    model: "SM-S931B",
    platform: "android",
    os: "Android",
    osVersion: "15",
    browser: "Chrome Mobile",
    userAgent:
      "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    resolution: "1080x2340",
  },
  {
    model: "Macintosh",
    platform: "web",
    os: "Mac OS X",
    osVersion: "15.7",
    browser: "Safari",
    userAgent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    resolution: "2560x1440",
  },
  {
    model: "Windows PC",
    platform: "web",
    os: "Windows",
    osVersion: "11",
    browser: "Edge",
    userAgent:
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    resolution: "1920x1080",
  },
];

const places: Some<Pick<User, "timezone" | "country" | "language">> = [
  { timezone: "America/New_York", country: "US", language: "en" },
  { timezone: "America/Sao_Paulo", country: "BR", language: "pt" },
  { timezone: "Europe/Berlin", country: "DE", language: "de" },
  { timezone: "Europe/London", country: "GB", language: "en" },
  { timezone: "Asia/Tokyo", country: "JP", language: "ja" },
  { timezone: "Australia/Sydney", country: "AU", language: "en" },
];

const givenNames: Some<string> = ["ada", "bela", "chidi", "dorothée", "emil", "fatima", "grace", "hiro", "ines", "jun"];
const familyNames: Some<string> = [
  "adeyemi",
  "brandt",
  "castro",
  "dubois",
  "evans",
  "fischer",
  "garcía",
  "haddad",
  "ito",
];
const themes: Some<string> = [
  "Spring sale",
  "Welcome",
  "Cart reminder",
  "Win-back",
  "Loyalty",
  "Weekly digest",
  "Übersicht",
];

const ascii = (text: string): string => text.normalize("NFD").replace(/[^a-z]/g, "");

/** `count` of them, at least one. */
const several = <T>(count: number, make: (index: number) => T): Some<T> => [
  make(0),
  ...Array.from({ length: count - 1 }, (_, index) => make(index + 1)),
];

const user = (random: Random, index: number): User => {
  const name = `${ascii(random.pick(givenNames))}.${ascii(random.pick(familyNames))}`;
  return {
    userId: random.hex(24),
    externalUserId: `customer-${String(index).padStart(7, "0")}`,
    email: `${name}${index}@mail.example`,
    phone: `+1555${String(random.below(10_000_000)).padStart(7, "0")}`,
    ...random.pick(places),
    device: random.pick(devices),
    deviceId: random.uuid(),
    mailboxProvider: random.pick(["Gmail", "Outlook", "Yahoo"]),
  };
};

const linkAliases: Some<string> = ["hero", "product-1", "product-2", "product-3", "footer"];

const links = (random: Random): Some<Link> =>
  several(linkAliases.length, (position) => ({
    id: random.hex(12),
    alias: linkAliases[position] ?? "footer",
    position,
    url: `https://shop.example/products/${random.below(90_000) + 10_000}?utm_source=braze&utm_medium=email`,
  }));

const userCount = 5_000;

/** The same seed gives the same world. */
export const makeWorld = (seed: number): World => {
  const random = seededRandom(seed ^ 0x776f726c); // another sequence than that of the records of the same seed
  const variations = () => several(3, (index) => ({ id: random.uuid(), name: `Variant ${index + 1}` }));
  return {
    appGroupId: random.hex(24),
    esp: random.pick(["sendgrid", "sparkpost", "amazon_ses"]),
    sendingIps: several(4, () => `192.0.2.${random.below(254) + 1}`),
    appIds: [random.uuid(), random.uuid()],
    campaigns: several(24, (index) => ({
      id: random.hex(24),
      name: `${random.pick(themes)} ${index + 1}`,
      variations: variations(),
      links: links(random),
      isTriggered: index % 4 === 3,
      sends: several(3, () => ({ sendId: random.hex(24), dispatchId: random.hex(32) })),
    })),
    canvases: several(8, (index) => ({
      id: random.hex(24),
      name: `${random.pick(themes)} journey ${index + 1}`,
      variations: variations(),
      steps: several(4, (step) => ({
        id: random.uuid(),
        name: `Step ${step + 1}`,
        messageVariationId: random.uuid(),
        links: links(random),
      })),
    })),
    users: several(userCount, (index) => user(random, index)),
  };
};
