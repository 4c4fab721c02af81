import { useQuery } from '@apollo/client/react';
import {
  Alert, Anchor, AppShell, Badge, Box, Burger, Button, Center, Container, Group, Loader, NavLink, Stack, Text,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconArrowsExchange, IconBuildingBank, IconCreditCard, IconFileText, IconHome, IconList, IconSend, IconShieldCog, IconUser, IconWallet,
} from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { Link, Navigate, Outlet, useLocation } from 'react-router';
import { type TransactionPartsFragment, ViewerDocument } from './gql/graphql';
import { client, newest } from './lib/client';
import { type Connection, useConnection } from './lib/connection';
import { session } from './lib/session';
import { failure, money } from './lib/words';
import { Face } from './parts/Person';
import { ReceivedToast } from './parts/ReceivedToast';
import { Waiting } from './parts/Waiting';

const RiskDialog = lazy(() => import('./parts/RiskDialog'));

const PLACES = [
  { to: '/', label: 'Home', Icon: IconHome },
  { to: '/send', label: 'Send', Icon: IconSend },
  { to: '/requests', label: 'Requests', Icon: IconArrowsExchange },
  { to: '/activity', label: 'Activity', Icon: IconList },
  { to: '/cards', label: 'Cards', Icon: IconCreditCard },
  { to: '/bank', label: 'Deposit and withdraw', Icon: IconBuildingBank },
  { to: '/statements', label: 'Statements', Icon: IconFileText },
  { to: '/account', label: 'Account', Icon: IconUser },
];
const OPERATIONS = { to: '/operations', label: 'Operations', Icon: IconShieldCog };

const CONNECTION: Record<Connection, { text: string; color: string } | null> = {
  good: null,
  slow: { text: 'Slow network', color: 'yellow' },
  reconnecting: { text: 'Reconnecting', color: 'orange' },
  offline: { text: 'Offline', color: 'red' },
};

/** The state of the network as text. It always takes the same space, so that the page does not jump. */
function ConnectionBadge() {
  const shown = CONNECTION[useConnection()];
  return (
    <div role="status">
      {shown && <Badge color={shown.color} variant="light" data-testid="connection">{shown.text}</Badge>}
    </div>
  );
}

/** Ends with the session: in this tab, or in another one. */
function useSessionExists(): boolean {
  const [exists, setExists] = useState(session.exists);
  useEffect(() => {
    const update = () => setExists(session.exists);
    const stop = session.onEnd(update);
    addEventListener('storage', update);
    return () => {
      stop();
      removeEventListener('storage', update);
    };
  }, []);
  return exists;
}

/** Everything that needs a signed-in user: the navigation, the live updates, and payments that wait for a confirmation. */
export function Shell() {
  const exists = useSessionExists();
  const { pathname, search, hash } = useLocation();
  useEffect(() => {
    if (exists) return;
    newest.clear();
    void client.clearStore();
  }, [exists]);
  if (!exists) return <Navigate to="/sign-in" replace state={{ from: pathname + search + hash }} />;
  return <SignedIn />;
}

function SignedIn() {
  const { data, error, refetch } = useQuery(ViewerDocument, { notifyOnNetworkStatusChange: true });
  if (data?.viewer) return <Frame viewer={data.viewer} held={data.waiting.edges.map(({ node }) => node.id)} />;
  if (!error) return <Center mih="60vh"><Loader aria-label="Loading" /></Center>;
  return (
    <Container size="xs" component="main" pt="15vh">
      <Alert color="yellow" title="Pocket Pay does not answer" role="alert">
        <Text mb="sm">{failure(error)}</Text>
        <Button size="compact-sm" onClick={() => void refetch().catch(() => {})}>Try again</Button>
      </Alert>
    </Container>
  );
}

type Viewer = { name: string; username: string; role: string; wallet: { available: { amount: string; currency: string } } };

function Frame({ viewer, held }: { viewer: Viewer; held: string[] }) {
  const [isOpen, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  // Payments that already wait are on the first screen, so that the page does not jump when the websocket reports them.
  const [waiting, setWaiting] = useState(held);
  const [shown, setShown] = useState<string | null>(null);
  const [received, setReceived] = useState<TransactionPartsFragment | null>(null);

  const onHeld = useCallback(({ id }: TransactionPartsFragment) => setWaiting((ids) => (ids.includes(id) ? ids : [...ids, id])), []);
  useEffect(() => {
    // The websocket's code comes after the first screen.
    const end = import('./lib/live').then(({ goLive }) => goLive({ onHeld, onReceived: setReceived }));
    return () => void end.then((close) => close());
  }, [onHeld]);
  useEffect(close, [pathname, close]);

  const places = viewer.role === 'OPERATOR' ? [...PLACES, OPERATIONS] : PLACES;
  const isHere = (to: string) => (to === '/' ? pathname === '/' : pathname.startsWith(to));
  return (
    <AppShell header={{ height: 60 }} navbar={{ width: 250, breakpoint: 'sm', collapsed: { mobile: !isOpen } }} padding={{ base: 'md', sm: 'xl' }}>
      <AppShell.Header className="surface">
        <a href="#content" className="skip">Skip to content</a>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={isOpen ? 'Close the menu' : 'Open the menu'} aria-expanded={isOpen} />
            <Anchor component={Link} to="/" underline="never" c="inherit" fw={700} fz="lg">
              <Group gap={6} wrap="nowrap"><IconWallet aria-hidden color="var(--mantine-color-indigo-text)" />Pocket Pay</Group>
            </Anchor>
          </Group>
          <Group gap="sm" wrap="nowrap">
            <ConnectionBadge />
            <Text className="amount" fw={600} visibleFrom="xs" title="Available">{money(viewer.wallet.available)}</Text>
            <Face name={viewer.name} size={34} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="surface" p="sm" component="nav" aria-label="Main">
        <Stack gap={4}>
          {places.map(({ to, label, Icon }) => (
            <NavLink key={to} component={Link} to={to} label={label} leftSection={<Icon size={20} aria-hidden />}
              active={isHere(to)} aria-current={isHere(to) ? 'page' : undefined} style={{ borderRadius: 8 }} />
          ))}
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Container size="md" px={0}>
          <Waiting ids={waiting} onOpen={setShown} />
          <Suspense fallback={<Box mih="60vh" />}>
            <Outlet context={{ review: (id: string) => { setWaiting((ids) => (ids.includes(id) ? ids : [...ids, id])); setShown(id); } } satisfies Review} />
          </Suspense>
        </Container>
      </AppShell.Main>
      <Suspense fallback={null}><RiskDialog id={shown} onClose={() => setShown(null)} /></Suspense>
      <ReceivedToast transaction={received} onClose={() => setReceived(null)} />
    </AppShell>
  );
}

/** Opens the dialog of a payment that waits for a confirmation. */
export interface Review {
  review: (id: string) => void;
}
