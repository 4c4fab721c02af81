import { Avatar, Group, Stack, Text } from '@mantine/core';
import type { PersonPartsFragment } from '../gql/graphql';

export function Face({ name, size = 'md' }: { name: string; size?: string | number }) {
  return <Avatar name={name} color="indigo" radius="xl" size={size} aria-hidden alt="" />;
}

/** A person, and below the name a note, or else the username. */
export function PersonLine({ person, note }: { person: Pick<PersonPartsFragment, 'name' | 'username'>; note?: string }) {
  return (
    <Group gap="sm" wrap="nowrap">
      <Face name={person.name} />
      <Stack gap={0} miw={0}>
        <Text fw={600} truncate>{person.name}</Text>
        <Text size="sm" c="dimmed" truncate>{note ?? `@${person.username}`}</Text>
      </Stack>
    </Group>
  );
}
