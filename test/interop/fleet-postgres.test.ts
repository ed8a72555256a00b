/** A fleet on PostgreSQL. */
import { fleetCases } from '../support/fleet-cases.ts';

fleetCases('postgres');
