import { memoryLedger } from "../testing/memory-ledger.ts";
import { ledgerContract } from "./redis-ledger-contract.ts";

ledgerContract("in memory", memoryLedger);
