/** A fleet on Redis, with random faults. */
import { fleetFaults } from '../support/fleet-faults.ts';

fleetFaults('redis');
