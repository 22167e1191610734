import { once } from "node:events";
import { text } from "node:stream/consumers";
import { SMTPServer, type SMTPServerError } from "smtp-server";

/** One mail as a server took it. */
export interface Mail {
  from: string;
  to: string[];
  /** Folded lines joined; names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface MailServer {
  url: string;
  mails: readonly Mail[];
  /** What to answer to a recipient from now on; undefined: take it. */
  answerTo(answer: (address: string) => number | undefined): void;
  /** Take mails, but never say so. */
  hang(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export const credentials = { user: "relay", password: "p@ss/w:rd" };

const unquoted = (body: string): string =>
  body.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

const parse = (raw: string): Pick<Mail, "headers" | "body"> => {
  const [head = "", ...rest] = raw.split("\r\n\r\n");
  const lines = head.replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  const body = rest.join("\r\n\r\n");
  const isQuoted = headers["content-transfer-encoding"] === "quoted-printable";
  return { headers, body: (isQuoted ? unquoted(body) : body).replaceAll("\r\n", "\n") };
};

const refusal = (responseCode: number, address: string): SMTPServerError =>
  Object.assign(new Error(`<${address}> is not welcome here`), { responseCode });

/** A real mail server of the test on a free port. It wants {@link credentials}. */
export const startMailServer = async (): Promise<MailServer> => {
  const mails: Mail[] = [];
  let answerTo: (address: string) => number | undefined = () => undefined;
  let hangs = false;
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"], // its certificate would not be trusted
    allowInsecureAuth: true,
    closeTimeout: 100,
    onAuth: ({ username, password }, _, done) => {
      const isRight = username === credentials.user && password === credentials.password;
      if (isRight) done(null, { user: username });
      else done(new Error("wrong user or password"));
    },
    onRcptTo: ({ address }, _, done) => {
      const code = answerTo(address);
      done(code === undefined ? null : refusal(code, address));
    },
    onData: (stream, { envelope }, done) => {
      const take = async () => {
        const { mailFrom, rcptTo } = envelope;
        const mail = parse(await text(stream));
        mails.push({ from: mailFrom ? mailFrom.address : "", to: rcptTo.map(({ address }) => address), ...mail });
        if (!hangs) done();
      };
      take().catch(() => undefined); // the client went away
    },
  });
  server.on("error", () => undefined); // clients that go away
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  const login = `${credentials.user}:${encodeURIComponent(credentials.password)}`;
  return {
    url: `smtp://${login}@127.0.0.1:${address.port}`,
    mails,
    answerTo: (answer) => {
      answerTo = answer;
    },
    hang: () => {
      hangs = true;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
};
