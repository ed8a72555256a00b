/** The two names of a hybrid in a fleet on PostgreSQL. */
import { fleetNames } from '../support/fleet-names.ts';

fleetNames('postgres');
