-- Which notices there are about a record: looked up for the records of each page.
-- Not by `seq`, as another index is: a look-up that named it could be read by that one, from end to end.
CREATE INDEX versions_of_notices ON versions ((body::json ->> 'record_id'), tenant, record_id)
    WHERE kind = 'notice' AND version IS NOT NULL;

-- What the office made of records of the field, to find what was overturned. `device_id` and `operator_id` never change, so
-- that marking a version as displaced does not touch it. It may begin with the tenant: no other look-up can take it.
CREATE INDEX versions_of_office ON versions (tenant, key)
    WHERE device_id IS NULL AND operator_id IS NULL AND kind IN ('inspection', 'gate_event', 'interchange');
