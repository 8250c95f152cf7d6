-- Which notices there are about a record: looked up for the records of each page.
CREATE INDEX versions_of_notices ON versions (tenant, json_extract(body, '$.record_id'), record_id)
    WHERE kind = 'notice' AND version IS NOT NULL;

-- What the office made of records of the field, to find what was overturned. `device_id` and `operator_id` never change, so
-- that marking a version as displaced does not touch it.
CREATE INDEX versions_of_office ON versions (tenant, key)
    WHERE device_id IS NULL AND operator_id IS NULL AND kind IN ('inspection', 'gate_event', 'interchange');
