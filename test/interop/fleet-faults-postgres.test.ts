/** A fleet on PostgreSQL, with random faults. */
import { fleetFaults } from '../support/fleet-faults.ts';

fleetFaults('postgres');
