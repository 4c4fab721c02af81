import { Avatar, Group, Stack, Text } from '@mantine/core';
import type { PersonPartsFragment } from '../gql/graphql';

export function Face({ name, size = 'md' }: { name: string; size?: string | number }) {
  return <Avatar name={name} color="indigo" radius="xl" size={size} aria-hidden alt="" />;
}

export function PersonLine({ person }: { person: Pick<PersonPartsFragment, 'name' | 'username'> }) {
  return (
    <Group gap="sm" wrap="nowrap">
      <Face name={person.name} />
      <Stack gap={0} miw={0}>
        <Text fw={600} truncate>{person.name}</Text>
        <Text size="sm" c="dimmed" truncate>@{person.username}</Text>
      </Stack>
    </Group>
  );
}
