import { useQuery } from '@apollo/client/react';
import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { type PersonPartsFragment, RecentCounterpartiesDocument, SearchProfilesDocument } from '../gql/graphql';
import { PersonLine } from './Person';

/** The people to choose from: those who were paid lately, or those who are found by what is typed. */
export function usePeople(typed: string) {
  const [search] = useDebouncedValue(typed.trim().replace(/^@/, ''), 250);
  const recent = useQuery(RecentCounterpartiesDocument);
  const found = useQuery(SearchProfilesDocument, { variables: { text: search }, skip: search.length < 2 });
  const people = search.length < 2 ? recent.data?.recentCounterparties : (found.data ?? found.previousData)?.searchProfiles;
  return { people: people ?? [], isSearching: found.loading || recent.loading };
}

/** A person, found by name or username. The value is the username. */
export function PersonPicker({ value, onPick, ...props }: Omit<SelectProps, 'value' | 'data' | 'onChange'> & {
  value: PersonPartsFragment | null;
  onPick: (person: PersonPartsFragment | null) => void;
}) {
  const [typed, setTyped] = useState('');
  const { people, isSearching } = usePeople(value && typed === `${value.name} (@${value.username})` ? '' : typed);
  const all = value && !people.some(({ id }) => id === value.id) ? [value, ...people] : people;
  return (
    <Select
      {...props}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Clear' }}
      placeholder="Name or @username"
      nothingFoundMessage={isSearching ? 'Searching…' : typed.length < 2 ? 'Type a name' : 'Nobody has this name'}
      data={all.map(({ username, name }) => ({ value: username, label: `${name} (@${username})` }))}
      filter={({ options }) => options}
      searchValue={typed}
      onSearchChange={setTyped}
      value={value?.username ?? null}
      onChange={(username) => onPick(all.find((one) => one.username === username) ?? null)}
      renderOption={({ option }) => {
        const person = all.find(({ username }) => username === option.value);
        return person ? <PersonLine person={person} /> : option.label;
      }}
    />
  );
}
