# fetchFromGitea: a repository of a Gitea or Forgejo, whose addresses are made like GitHub's. See fetch_from_gitea.md.
{ fetchFromGitHub }:
{ domain, ... }@args:
fetchFromGitHub (removeAttrs args [ "domain" ] // { githubBase = domain; })
