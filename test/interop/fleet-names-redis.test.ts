/** The two names of a hybrid in a fleet on Redis. */
import { fleetNames } from '../support/fleet-names.ts';

fleetNames('redis');
