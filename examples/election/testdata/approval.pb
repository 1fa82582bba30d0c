META
key;value
description;Little library, what shall it buy?
num_projects;4
num_votes;10
vote_type;approval
max_length;3
PROJECTS
project_id;cost;votes;name;selected
A1;100;6;"""Novels""; and short stories";1
A2;250;5;Książki po polsku 📚;1
A3;80;3;한국어 그림책;0
A4;900;3;A reading room;0
VOTES
voter_id;vote
1;A1
2;A1,A2
3;A2,A1,A3
4;A4
5;A1
6;A2,A3
7;A2
8;A1,A4
9;A3
10;A1,A2,A4
