-- What a scope holds by id, for devices that look for where they differ: by the primary key a range would be read
-- through the records of all tenants and scopes.
CREATE INDEX records_by_id ON records (scope, tenant, id);
