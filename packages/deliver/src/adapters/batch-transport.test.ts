import { createBatchTransport } from "./batch-transport.ts";
import { transportContract } from "./transport-contract.ts";

transportContract("direct", createBatchTransport);
