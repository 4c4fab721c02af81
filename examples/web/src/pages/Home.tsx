import { useQuery } from '@apollo/client/react';
import { Anchor, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconArrowsExchange, IconBuildingBank, IconCreditCard, IconSend } from '@tabler/icons-react';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { MoneyRequestsDocument, TransactionsDocument } from '../gql/graphql';
import { useViewer } from '../lib/hooks';
import { money } from '../lib/words';
import { Empty, Panel } from '../parts/Page';
import { PersonLine } from '../parts/Person';
import { RowSkeletons, TransactionList } from '../parts/TransactionList';

const ACTIONS = [
  { to: '/send', label: 'Send', Icon: IconSend },
  { to: '/requests?show=ask', label: 'Request', Icon: IconArrowsExchange },
  { to: '/bank', label: 'Deposit', Icon: IconBuildingBank },
  { to: '/cards', label: 'Cards', Icon: IconCreditCard },
];

const SHOWN = 6;

export default function Home() {
  const { wallet, name } = useViewer();
  const transactions = useQuery(TransactionsDocument, { variables: { first: 20 } });
  const requests = useQuery(MoneyRequestsDocument, { variables: { direction: 'INCOMING', first: 20 } });
  const asked = requests.data?.moneyRequests.edges.map(({ node }) => node).filter(({ status }) => status === 'PENDING') ?? [];
  useEffect(() => {
    document.title = 'Pocket Pay';
  }, []);
  return (
    <Stack gap="lg">
      <Card className="balance" padding="xl" radius="lg">
        <Title order={1} size="sm" fw={500}>Hello {name.split(' ')[0]}, you have available</Title>
        <Text className="amount" fz={{ base: 38, xs: 48 }} fw={700} lh={1.25} data-testid="available" aria-live="polite">{money(wallet.available)}</Text>
        <Group gap="xl" mt="sm">
          <Text size="sm">Balance <b className="amount" data-testid="balance">{money(wallet.balance)}</b></Text>
          <Text size="sm">Held <b className="amount" data-testid="held">{money(wallet.held)}</b></Text>
        </Group>
        {wallet.status === 'FROZEN' && <Text mt="sm" fw={600}>Your wallet is frozen{wallet.freeze === 'DEBITS' ? ': you can be paid, but you cannot pay' : ''}.</Text>}
      </Card>
      <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="sm">
        {ACTIONS.map(({ to, label, Icon }) => (
          <Button key={to} component={Link} to={to} variant="default" className="surface" size="lg" fz="md" leftSection={<Icon size={20} aria-hidden />}>{label}</Button>
        ))}
      </SimpleGrid>
      {asked.length > 0 && (
        <Panel title="Money requests for you" action={<Anchor component={Link} to="/requests" size="sm">Pay or decline</Anchor>}>
          <Stack>
            {asked.slice(0, 3).map((request) => (
              <Group key={request.id} justify="space-between" wrap="nowrap">
                <PersonLine person={request.requester} note={request.description} />
                <Text className="amount" fw={600}>{money(request.amount)}</Text>
              </Group>
            ))}
          </Stack>
        </Panel>
      )}
      <Panel title="Latest activity" action={<Anchor component={Link} to="/activity" size="sm">All activity</Anchor>}>
        {!transactions.data
          ? <RowSkeletons count={SHOWN} />
          : transactions.data.transactions.edges.length === 0
            ? <Empty>Nothing yet. A deposit is a good start.</Empty>
            : <TransactionList transactions={transactions.data.transactions.edges.slice(0, SHOWN).map(({ node }) => node)} />}
      </Panel>
    </Stack>
  );
}
