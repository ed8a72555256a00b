/** Loaded only to see that it is there: BullMQ uses it. */
declare module 'pg';
