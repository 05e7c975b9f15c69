-- The metadata of the store, in the tables that Nix of schema 10 expects (its names, types and constraints are an interface:
-- `nix-store --store 'local?root=R'` opens this file). Paths are full logical paths.

create table if not exists ValidPaths (
    id               integer primary key autoincrement not null,
    path             text unique not null,
    hash             text not null,     -- of the NAR, sha256:<base 16>
    registrationTime integer not null,  -- seconds since 1970
    deriver          text,              -- full path of a .drv, which need not be valid
    narSize          integer,           -- bytes
    ultimate         integer,           -- 1: built here; null: not
    sigs             text,              -- separated by spaces
    ca               text               -- content address, where the path has one
);

create table if not exists Refs (
    referrer  integer not null,
    reference integer not null,
    primary key (referrer, reference),
    foreign key (referrer) references ValidPaths(id) on delete cascade,
    foreign key (reference) references ValidPaths(id) on delete restrict
);

create index if not exists IndexReferrer on Refs(referrer);
create index if not exists IndexReference on Refs(reference);

-- A path may refer to itself; that row would stand in the way of deleting the path.
create trigger if not exists DeleteSelfRefs before delete on ValidPaths
  begin
    delete from Refs where referrer = old.id and reference = old.id;
  end;

create table if not exists DerivationOutputs (
    drv  integer not null,
    id   text not null,                 -- name of the output
    path text not null,                 -- valid or not
    primary key (drv, id),
    foreign key (drv) references ValidPaths(id) on delete cascade
);

create index if not exists IndexDerivationOutputs on DerivationOutputs(path);
