/** A fleet on Redis. */
import { fleetCases } from '../support/fleet-cases.ts';

fleetCases('redis');
