import type { HandOver, Parcel } from "../contracts/parcel.ts";

/** The next stage as a map: an id that is there stays as it is, as in Redis. */
export const fakeHandOver = <Data>(spoolBytes = 0) => {
  const taken = new Map<string, Parcel<Data> & { payload: Buffer }>();
  const order: string[] = [];
  const handOver: HandOver<Data> = async (parcels, place = "last") => {
    const fresh = parcels.filter(({ id }) => !taken.has(id));
    for (const parcel of fresh) taken.set(parcel.id, { ...parcel, payload: Buffer.concat([parcel.payload].flat()) });
    order.splice(place === "first" ? 0 : order.length, 0, ...fresh.map(({ id }) => id));
    return { spoolBytes };
  };
  return { handOver, taken, order };
};
