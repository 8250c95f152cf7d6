-- At each change of a record is looked up whose its carriers' codes are, and what the unit's odometer showed before.
CREATE INDEX IF NOT EXISTS carriers_by_scac ON records (body ->> '$.scac') WHERE kind = 'carrier';
CREATE INDEX IF NOT EXISTS carriers_by_usdot ON records (body ->> '$.usdot') WHERE kind = 'carrier';
CREATE INDEX IF NOT EXISTS inspections_of_unit ON records (body ->> '$.equipment.number') WHERE kind = 'inspection';
